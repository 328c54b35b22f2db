"""Only a snapshot that this version understands is loaded; anything else says why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcpgw.config.compile import compile_policy
from mcpgw.paths import StateLayout
from mcpgw.policy.snapshot import SnapshotUnusable, current_digest, load


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    found = StateLayout(str(tmp_path / "state"))
    compile_policy(found)
    return found


def _rewrite(layout: StateLayout, **changes: Any) -> None:
    path = Path(layout.snapshot_dir(current_digest(layout)), "snapshot.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _load(layout: StateLayout, name: str = "x") -> Any:
    return load(layout, entry=None, name=name)


def test_a_good_snapshot_runs_the_fast_engine(layout: StateLayout) -> None:
    snapshot = _load(layout)
    assert snapshot.policy.profile == "balanced"
    assert snapshot.degraded is None
    assert len(snapshot.detector.patterns) == 11
    assert any(source.path == layout.config_file and source.size is None for source in snapshot.sources)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SnapshotUnusable, match="no compiled policy"):
        _load(StateLayout(str(tmp_path)))


@pytest.mark.parametrize("named", ["../../etc", "", "zz", "\xff"])
def test_a_digest_is_hexadecimal(layout: StateLayout, named: str) -> None:
    Path(layout.policy_current).write_bytes(named.encode("latin-1"))
    with pytest.raises(SnapshotUnusable):
        _load(layout)


@pytest.mark.parametrize("changes", [{"v": 2}, {"policies": []}, {"patterns": [{}]}, {"engine": {}}, {"sources": 5}])
def test_a_snapshot_of_another_form_is_refused(layout: StateLayout, changes: dict[str, Any]) -> None:
    _rewrite(layout, **changes)
    with pytest.raises(SnapshotUnusable):
        _load(layout)


def test_broken_json_is_refused(layout: StateLayout) -> None:
    Path(layout.snapshot_dir(current_digest(layout)), "snapshot.json").write_text("{")
    with pytest.raises(SnapshotUnusable):
        _load(layout)


def test_a_database_of_another_machine_falls_back_to_the_portable_engine(layout: StateLayout) -> None:
    Path(layout.snapshot_dir(current_digest(layout)), "scan.db").write_bytes(b"not a database")
    snapshot = _load(layout)
    assert "does not fit" in snapshot.degraded
    assert snapshot.detector.inspect(b'{"a":"AKIAQ3EGRT5LZW7YKX2M"}')


def test_entries_names_globs_and_the_default(layout: StateLayout) -> None:
    path = Path(layout.snapshot_dir(current_digest(layout)), "snapshot.json")
    (base,) = json.loads(path.read_text())["policies"]
    policies = [base, *({**base, "profile": profile} for profile in ("strict", "observe", "strict"))]
    _rewrite(layout, policies=policies, entries={"e:1": 1}, names={"exact": 2, "ex*": 3})
    assert load(layout, entry="e:1", name="exact").policy.profile == "strict"
    assert load(layout, entry="e:2", name="exact").policy.profile == "observe"
    assert load(layout, entry=None, name="extra").policy.profile == "strict"
    assert load(layout, entry=None, name="other").policy.profile == "balanced"


_TWO_READERS = """
import sys
first, second = "mcpgw.policy.snapshot", "mcpgw.config.scandb"
for name in (first, second) if sys.argv[1] == "gateway" else (second, first):
    __import__(name)
    if name == first:
        engine = sys.modules[name]._native_module()
assert sys.modules[second].hyperscan.error is engine.error
assert not sys.modules[second].is_intact(b"not a database")
"""


@pytest.mark.parametrize("first", ["gateway", "compiler"])
def test_compiler_and_gateway_in_one_process_share_the_engine(first: str) -> None:
    subprocess.run([sys.executable, "-c", _TWO_READERS, first], check=True, timeout=60)
