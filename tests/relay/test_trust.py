"""A shared server behind the installed launcher, started as a client starts it."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest

from mcpgw.audit.verify import verify
from mcpgw.cli.main import main
from mcpgw.config.compile import compile_policy
from mcpgw.installers.launcher import ensure_launcher
from mcpgw.registry.entry import wrap
from mcpgw.state.instance import read_instances
from support.peer import Peer, mock
from support.processes import started_by
from support.shared_project import SharedProject, shared_project


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with launcher and policy."""
    state = tmp_path_factory.mktemp("state")
    layout = shared_project(tmp_path_factory.mktemp("none"), state).layout
    ensure_launcher(layout)
    compile_policy(layout)
    return state


@pytest.fixture
def project(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SharedProject:
    monkeypatch.setenv("MCPGW_HOME", str(installed))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDECODE", raising=False)
    made = shared_project(tmp_path, installed)
    made.share(*mock())
    made.approve(*mock())
    return made


def _client(project: SharedProject, *argv: str) -> Peer:
    """The entry's command line, after `edit` has rewritten it."""
    return Peer([project.layout.launcher, *wrap(project.entry_id, argv[0], argv[1:])], Path(project.layout.root))


def _ref(peer: Peer) -> str:
    """Ends the session; the REF that its stderr names."""
    peer.end()
    first, second = peer.stderr.read().decode().splitlines()[:2]
    assert first.startswith("mcpgw: error: the server shared was not started: ")
    named = re.fullmatch(r"  next: `mcpgw review show ([A-Z2-7]{8})` says more", second)
    assert named is not None
    return named[1]


@pytest.mark.requirement("trust.start")
@pytest.mark.parametrize("routed", [True, False])
def test_what_was_approved_starts(project: SharedProject, routed: bool) -> None:
    if routed:
        project.share_routed(*mock())
    with _client(project, *mock()) as peer:
        assert peer.open().call("echo", text="hi")["result"]["content"][0]["text"] == "hi"
        assert peer.end() == 0
        assert peer.stderr.read() == b""


@pytest.mark.requirement("trust.start")
def test_a_change_is_withheld_until_it_is_approved(project: SharedProject, capsys: pytest.CaptureFixture[str]) -> None:
    changed = mock("banner=from the pull")
    project.share_routed(*changed)
    with _client(project, *changed) as peer:
        refused = peer.open().call("echo", text="hi")["result"]
        assert peer.ask("tools/list")["result"] == {"tools": []}
        ref = _ref(peer)
    assert refused["isError"] and ref in refused["content"][0]["text"]
    assert main(["review", "approve", ref, "--yes"]) == 0
    assert "banner=from the pull" in capsys.readouterr().out
    with _client(project, *changed) as peer:
        assert peer.open().call("echo", text="hi")["result"]["content"][0]["text"] == "hi"
    assert main(["review", "approve", ref, "--yes"]) == 4


@pytest.mark.requirement("trust.start")
def test_a_ready_made_line_of_a_cloned_repository_is_withheld(tmp_path: Path, project: SharedProject) -> None:
    marker = tmp_path / "ran"
    clone = shared_project(tmp_path / "clone", Path(project.layout.root))
    clone.share_routed("touch", str(marker))
    with _client(clone, "touch", str(marker)) as peer:
        assert "Withheld" in peer.open().call("echo")["result"]["content"][0]["text"]
    assert not marker.exists()
    # Nor under the id of an entry that was approved.
    with _client(project, "touch", str(marker)) as peer:
        assert "Withheld" in peer.open().call("echo")["result"]["content"][0]["text"]
    assert not marker.exists()


@pytest.mark.requirement("trust.withheld-visible")
def test_status_and_journal_say_why(project: SharedProject) -> None:
    project.share(*mock(), env={"NODE_OPTIONS": "--require ./evil.js"})
    with _client(project, *mock()) as peer:
        peer.open().call("echo", text="hi")
        (live,) = [each for each in read_instances(project.layout) if each.alive]
        assert live.record is not None
        assert (live.record.state, live.record.identity["client"]) == ("failed", "test")
        assert live.record.reason.endswith("its env changed since it was approved")
        assert live.record.counters["blocked"] == 1
        ref = _ref(peer)
    journal = Path(project.layout.audit_dir, live.record.identity["audit_file"])
    start, *others = map(json.loads, journal.read_text().splitlines())
    assert (start["type"], start["direction"], start["decision"], start["ref"]) == ("action", "control", "block", ref)
    assert [each["decision"] for each in others] == ["allow", "drop", "block"]
    assert verify(project.layout).intact
    (dead,) = [each for each in read_instances(project.layout) if each.id == live.id]
    assert dead.record is not None and dead.record.state == "failed"


@pytest.mark.requirement("trust.withheld-ends")
@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM])
def test_a_signal_or_the_end_of_input_ends_it_at_once(project: SharedProject, number: int | None) -> None:
    project.share(*mock("x=y"))
    with _client(project, *mock()) as peer:
        (stand_in,) = started_by(peer.open().process.pid)
        if number is None:
            peer.stdin.close()
        else:
            os.kill(peer.process.pid, number)
        assert peer.wait() == (0 if number is None else -number)
        assert not Path(f"/proc/{stand_in}").exists()


def test_another_program_outside_the_project_starts_with_an_alert(project: SharedProject, tmp_path: Path) -> None:
    command = str(Path(project.program()).rename(tmp_path / "server.sh"))
    project.share(command)
    project.approve(command)
    Path(command).write_text(Path(command).read_text() + "# upgraded\n")
    with _client(project, command) as peer:
        assert peer.open().call("echo", text="hi")["result"]["content"][0]["text"] == "hi"
        (live,) = [each for each in read_instances(project.layout) if each.alive]
        assert live.record is not None and live.record.state == "ready"
        peer.end()
        assert b"was started all the same" in peer.stderr.read()
