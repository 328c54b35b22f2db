"""What a gateway imports: the standard library's light half, the scan engine, and the data plane."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mcpgw
from mcpgw.installers.runtime import registry_readers

PACKAGE = Path(mcpgw.__file__).parent
SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import mcpgw.relay.run, mcpgw.relay.stdio, mcpgw.relay.freshness, mcpgw.relay.recorder
import mcpgw.gateway.session, mcpgw.audit.journal, mcpgw.audit.retention, mcpgw.state.instance
print(json.dumps(sorted(sys.modules)))
"""
HEAVY = {
    *(
        "typing",
        "dataclasses",
        "inspect",
        "pathlib",
        "subprocess",
        "logging",
        "tempfile",
        "shutil",
        "hashlib",
        "ctypes",
        "contextlib",
        "signal",
    ),
    *("asyncio", "socket", "threading", "urllib", "importlib.metadata", "sqlite3", "site", "tomllib", "random"),
    *("click", "pydantic", "tomlkit", "anyio", "filelock", "platformdirs", "psutil", "hyperscan"),
}
PLANE = {
    "_native",
    "audit",
    "detect",
    "files",
    "gateway",
    "paths",
    "policy",
    "protocol",
    "relay",
    "state",
    "expressions",
    "values",
    "version",
}


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    argv = [sys.executable, "-I", "-S", "-c", SCRIPT, str(PACKAGE.parent)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.requirement("relay.cold-start")
def test_nothing_heavy_is_loaded(loaded: set[str]) -> None:
    assert loaded & HEAVY == set()


@pytest.mark.requirement("relay.cold-start")
def test_only_the_data_plane_is_loaded(loaded: set[str]) -> None:
    own = {name.split(".")[1] for name in loaded if name.startswith("mcpgw.")}
    assert own <= PLANE
    assert "mcpgw.policy.overlay" not in loaded


@pytest.mark.requirement("trust.light")
def test_what_looks_at_a_shared_entry_first_reads_files_and_no_more() -> None:
    script = SCRIPT.replace("print(", "import mcpgw.relay.trust, mcpgw.gateway.withheld\nprint(")
    argv = [sys.executable, "-I", "-S", "-c", script, str(PACKAGE.parent)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    loaded = set(json.loads(done.stdout))
    own = {name.removeprefix("mcpgw.") for name in loaded if name.startswith("mcpgw.")}
    readers = {f"registry.{name}" for name in registry_readers() if name != "__init__"}
    assert {name for name in own if name.split(".")[0] not in PLANE} == {"errors", "registry", *readers}
    assert readers.isdisjoint(
        {"registry.discover", "registry.ledger", "registry.coverage", "registry.claude.restrictions"}
    )
    parsers = {
        "contextlib",
        "typing",
        "dataclasses",
        "inspect",
        "hashlib",
        "urllib",
        "tomllib",
    }  # what the cold side's reader is made of
    assert loaded & HEAVY <= parsers


def test_before_the_server_starts_only_the_way_to_start_it_is_loaded() -> None:
    script = "import sys; sys.path.insert(0, sys.argv[1]); import mcpgw.relay.run; print([m for m in sys.modules if 'mcpgw' in m])"
    argv = [sys.executable, "-I", "-S", "-c", script, str(PACKAGE.parent)]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
    loaded = set(json.loads(said.replace("'", '"')))
    relay = {f"mcpgw.relay.{name}" for name in ("run", "arguments", "child", "guardian")}
    assert loaded == {"mcpgw", "mcpgw.relay", "mcpgw.values", *relay}
