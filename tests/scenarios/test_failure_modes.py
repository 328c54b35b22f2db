"""Each row of docs/failure-modes.md has a test here, and each test a row."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.mortal import mortal_server
from support.peer import Peer, gateway, mock
from support.processes import gone, guardian_of, started_by
from support.shared_project import SharedProject, shared_project
from support.tracing import HAS_STRACE, traced, until_refused_and_served_again

KEY = "AKIAQ3EGRT5LZW7YKX2M"
TABLE = Path(__file__).parents[2] / "docs" / "failure-modes.md"
ROWS = re.findall(r"^\| (FM-\d\d) \|", TABLE.read_text("utf-8"), re.M)
PROFILES = ("observe", "balanced", "strict")


def _state(root: Path, profile: str, more: str = "") -> Path:
    root.mkdir(exist_ok=True)
    (root / "config.toml").write_text(f'profile = "{profile}"\n{more}\n')
    return root


def _compile(state: Path) -> int:
    argv = [sys.executable, "-I", "-m", "mcpgw.config.compile", str(state)]
    return subprocess.run(argv, capture_output=True, timeout=60, check=False).returncode


def _peer(state: Path, *options: str) -> Peer:
    return Peer(gateway(*mock(*options)), state)


def _closed(peer: Peer) -> bool:
    """Lists answer and calls are refused."""
    return "result" in peer.ask("tools/list") and bool(peer.call("echo", text="x")["result"].get("isError"))


def _raw(peer: Peer, line: str) -> dict[str, Any]:
    return peer.call("raw", line=line)


def fm_01(state: Path, profile: str) -> None:
    assert _compile(_state(state, profile)) == 0
    _state(state, profile, "no_such_key = 1")
    with _peer(state) as peer:
        assert peer.open().call("echo", text="fine")["result"]["content"][0]["text"] == "fine"
        assert bool(peer.call("echo", text=KEY)["result"].get("isError")) is (profile != "observe")


def fm_02(state: Path, profile: str) -> None:
    _state(state, profile, "no_such_key = 1")
    with _peer(state) as peer:
        assert _closed(peer.open())


def fm_03(state: Path, profile: str) -> None:
    assert _compile(_state(state, profile)) == 0
    (snapshot,) = state.glob("policy/*/snapshot.json")
    snapshot.write_text(snapshot.read_text().replace('"v":1', '"v":2', 1).replace('"v": 1', '"v": 2', 1))
    (state / "config.toml").write_text("no_such_key = 1\n")  # nothing newer can be compiled either
    with _peer(state) as peer:
        assert _closed(peer.open())
    _state(state, profile)
    assert _compile(state) == 0
    with _peer(state) as peer:
        assert "isError" not in peer.open().call("echo", text="loaded")["result"]
        (state / "new").write_text("0" * 64 + "\n")  # names a snapshot that is not there
        (state / "new").rename(state / "policy" / "current")
        assert bool(peer.call("echo", text=KEY)["result"].get("isError")) is (profile != "observe")


def fm_04(state: Path, profile: str) -> None:
    assert _compile(_state(state, profile)) == 0
    (database,) = state.glob("policy/*/scan.db")
    database.write_bytes(b"of another machine")
    with _peer(state) as peer:
        assert bool(peer.open().call("echo", text=KEY)["result"].get("isError")) is (profile != "observe")
        peer.end()
        assert b"engine-degraded" in b"".join(path.read_bytes() for path in (state / "log").iterdir())


def fm_05(state: Path, profile: str) -> None:
    with _peer(_state(state, profile)) as peer:
        result = peer.open().call("echo", text="a@b.co " * 21_000)["result"]
        assert bool(result.get("isError")) is (profile == "strict")
        peer.end()
    records = [json.loads(line) for file in state.glob("audit/2*/*.jsonl") for line in file.read_text().splitlines()]
    (record,) = (record for record in records if record["method"] == "tools/call" and record["type"] == "request")
    assert record["decision"] == ("block" if profile == "strict" else "alert")


def fm_06(state: Path, profile: str) -> None:
    assert _compile(_state(state, profile)) == 0
    (state / "audit").write_text("a file where the directory belongs")
    with _peer(state) as peer:
        assert _closed(peer.open()) is (profile != "observe")


def fm_07(state: Path, profile: str) -> None:
    assert _compile(_state(state, profile)) == 0
    for name in ("audit", "instances", "log"):
        (state / name).write_text("a file where the directory belongs")
    with _peer(state) as peer:
        assert _closed(peer.open()) is (profile != "observe")
        peer.end()
        assert b"cannot be written" in peer.stderr.read()


def fm_08(state: Path, profile: str) -> None:
    with _peer(_state(state, profile)) as peer:
        line = '{"jsonrpc":"2.0","id":ID,"result":{"content":[],"content":[1]}}'
        assert _raw(peer.open(), line)["error"]["code"] == -31002
        assert "result" in peer.ask("ping")


def fm_09(state: Path, profile: str) -> None:
    with _peer(_state(state, profile)) as peer:
        answer = _raw(peer.open(), r'{"jsonrpc":"2.0","id":ID,"result":{"t":"a\ud800"}}')
        assert (answer["error"]["code"] == -31002) if profile == "strict" else (answer["result"] == {"t": "a\ufffd"})


def fm_10(state: Path, profile: str) -> None:
    with _peer(_state(state, profile, "[frames]\nmax_bytes = 1048576")) as peer:
        assert peer.open().call("echo", size=2_000_000)["error"]["code"] == -31002
        assert "result" in peer.ask("ping")


def fm_11(state: Path, profile: str) -> None:
    with _peer(_state(state, profile), "start=exit:5", "stderr=why\n") as peer:
        assert peer.wait() == 5
        assert b"why\n" in peer.stderr.read()


RESTART_AT_ONCE = "[server]\nrestart_delay_seconds = 0\n"


def fm_12(state: Path, profile: str) -> None:
    with _peer(_state(state, profile, RESTART_AT_ONCE)) as peer:
        died = peer.open().call("die", how="exit:6")["result"]
        assert died["isError"] and "exit code 6" in died["content"][0]["text"]
        assert peer.call("echo", text="again")["result"]["content"][0]["text"] == "again"


def fm_13(state: Path, profile: str) -> None:
    for command, code in (("no-such-program", 127), (str(TABLE), 126)):
        with Peer(gateway(command), _state(state, profile)) as peer:
            assert peer.wait() == code
            assert command.encode() in peer.stderr.read()


def fm_14(state: Path, profile: str) -> None:
    with _peer(_state(state, profile)) as peer:
        servers = started_by(peer.open().process.pid)
        peer.stdin.close()
        peer.wait()
        assert servers and gone(servers, 8)


def fm_15(state: Path, profile: str) -> None:
    with _peer(_state(state, profile), "ignore=all") as peer:
        servers = started_by(peer.open().process.pid)
        peer.process.send_signal(signal.SIGKILL)
        peer.wait()
        assert servers and gone(servers, 8)


def fm_16(state: Path, profile: str) -> None:
    with _peer(_state(state, profile)) as peer:
        assert peer.open().call("echo", text="alone")["result"]["content"][0]["text"] == "alone"
        assert not [path for path in state.rglob("*") if path.is_socket()]


def _shared(state: Path) -> SharedProject:
    """A shared server that was approved as it stands."""
    made = shared_project(state.parent, state)
    made.share(*mock())
    made.approve(*mock())
    return made


def _withheld(project: SharedProject, *argv: str) -> bool:
    """Handshake and lists answer, the server is not there and calls are refused; each start is recorded."""
    with Peer(project.gateway(*argv), Path(project.layout.root)) as peer:
        called = peer.open().call("echo", text="x")["result"]
        peer.end()
        withheld = "Withheld by mcpgw" in called["content"][0]["text"]
        assert peer.stderr.read().startswith(b"mcpgw: error: the server" if withheld else b"mcpgw: warning: the server")
    (start,) = [each for each in _records(project.layout.root) if each["type"] == "action"][-1:]
    assert start["decision"] == ("block" if withheld else "alert")
    return withheld


def _records(root: str) -> list[dict[str, Any]]:
    files = sorted(Path(root).glob("audit/2*/*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def fm_17(state: Path, profile: str) -> None:
    _state(state, profile)
    project = _shared(state)
    project.share(*mock("banner=changed"))
    assert _withheld(project, *mock("banner=changed")) is (profile != "observe")


def fm_18(state: Path, profile: str) -> None:
    _state(state, profile)
    project = shared_project(state.parent, state)
    project.share_routed(*mock())
    assert _withheld(project, *mock()) is (profile != "observe")


def fm_19(state: Path, profile: str) -> None:
    _state(state, profile)
    project = _shared(state)
    project.file.write_text("{")
    assert _withheld(project, *mock()) is (profile != "observe")
    project.file.unlink()
    assert _withheld(project, *mock()) is (profile != "observe")


def fm_20(state: Path, profile: str) -> None:
    _state(state, profile)
    project = _shared(state)
    assert _withheld(project, *mock("eof=exit:0")) is (profile != "observe")


def fm_21(state: Path, profile: str) -> None:
    _state(state, profile)
    project = shared_project(state.parent, state)
    command = project.program()
    project.share(command)
    project.approve(command)
    project.program("banner=another")
    assert _withheld(project, command) is (profile != "observe")


def fm_22(state: Path, profile: str) -> None:
    _state(state, profile)
    project = shared_project(state.parent, state)
    command = str(Path(project.program()).rename(state.parent / "server.sh"))
    project.share(command)
    project.approve(command)
    Path(command).write_text(Path(command).read_text() + "# upgraded\n")
    assert not _withheld(project, command)


def fm_23(state: Path, profile: str) -> None:
    with _peer(_state(state, profile), "ignore=all") as peer:
        servers = started_by(peer.open().process.pid)
        os.kill(guardian_of(peer.process.pid), signal.SIGKILL)
        assert servers and gone(servers, 8)


def fm_24(state: Path, profile: str) -> None:
    with _peer(_state(state, profile, '[server]\non_crash = "mirror"')) as peer:
        assert peer.open().call("die", how="exit:6")["error"]["code"] == -31004
        assert peer.wait() == 6


def fm_25(state: Path, profile: str) -> None:
    with _peer(_state(state, profile, RESTART_AT_ONCE)) as peer:
        peer.open()
        for _ in range(5):
            peer.call("echo", text="of some use")
            assert peer.call("die", how="exit:6")["result"]["isError"]
        refused = peer.ask("tools/list")["error"]
        assert refused["code"] == -31004 and "5 times within a minute" in refused["message"]


def fm_26(state: Path, profile: str) -> None:
    state.mkdir()
    with Peer(gateway(*mortal_server(state.parent, "2:tools=other")), _state(state, profile, RESTART_AT_ONCE)) as peer:
        peer.open().ask("tools/list")
        peer.call("die")
        answer = peer.call("echo")["result"]
        assert bool(answer.get("isError")) is (profile == "strict")


def fm_27(state: Path, profile: str) -> None:
    with _peer(_state(state, profile, RESTART_AT_ONCE)) as peer:
        (server,) = started_by(peer.open().process.pid)
        os.kill(server, signal.SIGKILL)
        assert gone([server], 8)
        assert "result" in peer.ask("ping")
        told = bool(peer.call("echo", text="x")["result"].get("isError"))
        assert told is (profile != "observe")
        assert peer.call("echo", text="y")["result"]["content"][0]["text"] == "y"


def fm_28(state: Path, profile: str) -> None:
    argv = mortal_server(state.parent, "silent=initialize")
    with Peer(gateway(*argv), _state(state, profile, "[timeouts]\ninitialize = 1")) as peer:
        assert peer.ask("initialize", {"protocolVersion": "2025-11-25"})["error"]["code"] == -31004


def fm_29(state: Path, profile: str) -> None:
    with _peer(_state(state, profile, '[timeouts]\n"tools/call" = 1')) as peer:
        answer = peer.open().call("silent")["result"]
        assert answer["isError"] and "within 1 s" in answer["content"][0]["text"]


def fm_30(state: Path, profile: str) -> None:
    if not HAS_STRACE:
        pytest.skip("the disk fails by strace")
    state.mkdir()
    with traced(state, "always", "fdatasync:error=EIO:when=8..13", profile=profile) as peer:
        answers = until_refused_and_served_again(peer.open(), calls=20)
        assert any("cannot be recorded" in text for text in answers) is (profile != "observe")
        assert answers[-1] == "x"
        peer.end()


def fm_31(state: Path, profile: str) -> None:
    with _peer(_state(state, profile)) as peer:
        peer.open().call("echo", text="x")
        peer.process.kill()
        peer.wait()
    (journal,) = state.glob("audit/2*/*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-10])  # where a kill can hit
    argv = [sys.executable, "-m", "mcpgw", "audit", "verify"]
    environ = {**os.environ, "MCPGW_HOME": str(state)}
    said = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.startswith("Intact") and f"{journal.name}: ends in half a line" in said


def fm_32(state: Path, profile: str) -> None:
    state.mkdir()
    with Peer(gateway(*mortal_server(state.parent)), _state(state, profile, RESTART_AT_ONCE)) as peer:
        answer = peer.open().call("hush")["result"]
        assert answer["isError"] and "closed its output" in answer["content"][0]["text"]
        assert peer.call("echo")["result"]["content"][0]["text"] == "life 2"


def fm_33(state: Path, profile: str) -> None:
    with _peer(_state(state, profile, '[rules.aws-access-key]\nto_server = "log"')) as peer:
        result = peer.open().call("echo", text=f"{KEY} " * 5_001)["result"]
        assert bool(result.get("isError")) is (profile != "observe")
        assert (KEY in json.dumps(result)) is (profile == "observe")


TESTS: dict[str, Callable[[Path, str], None]] = {
    name.upper().replace("_", "-"): function
    for name, function in list(globals().items())
    if re.fullmatch(r"fm_\d\d", name)
}


def test_every_row_has_a_test_and_every_test_a_row() -> None:
    assert sorted(TESTS) == sorted(ROWS)


@pytest.mark.requirement("failure.table")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("row", ROWS)
def test_what_fails_fails_as_the_table_says(row: str, profile: str, tmp_path: Path) -> None:
    TESTS[row](tmp_path / "state", profile)
