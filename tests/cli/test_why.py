"""`mcpgw why` after a real death, and its advice."""

from __future__ import annotations

import json

import pytest

from mcpgw.cli.main import main
from mcpgw.cli.why import advise
from support.mortal import Mortal

SECRET = "AKIAQ3EGRT5LZW7YKX2M"


@pytest.mark.requirement("cli.why")
def test_a_dead_server_is_explained(mortal: Mortal, capsys: pytest.CaptureFixture[str]) -> None:
    with mortal.start(f"stderr=key {SECRET}\nno such table\n", settings="deaths_a_minute = 2") as peer:
        peer.open().call("die")
        peer.call("echo")
        peer.call("die")
        assert main(["why", "mortal", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["schema"] == "mcpgw.why/1"
        assert (report["state"], report["ended"], report["restarts"]) == ("failed", "exit code 7", 1)
        assert "no such table" in report["stderr"]
        assert [each["what"] for each in report["timeline"]] == ["server/ended", "server/restarted", "server/ended"]
        assert (report["frames"][-1]["method"], report["frames"][-1]["tool"]) == ("tools/call", "die")
        assert any("mcpgw restart" in each for each in report["advice"])
        assert main(["why", "mortal"]) == 0
        said = capsys.readouterr().out
    assert "mortal: failed" in said and "| no such table" in said and "tools/call die" in said
    assert SECRET not in said
    (kept,) = mortal.state.glob("instances/*/stderr")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert SECRET.encode() not in kept.read_bytes()


def test_a_session_that_is_over_is_explained_too(mortal: Mortal, capsys: pytest.CaptureFixture[str]) -> None:
    with mortal.start("init=exit:3", "stderr=no config\n") as peer:
        peer.send({"id": 0, "method": "initialize", "params": {}})
        assert peer.wait() == 3
    assert main(["why", "mortal"]) == 0
    said = capsys.readouterr().out
    assert "mortal: stopped" in said and "exit code 3" in said and "| no config" in said


def test_a_server_that_never_ran_is_not_found(mortal: Mortal) -> None:
    assert main(["why", "mortal"]) == 4


@pytest.mark.parametrize(
    ("ended", "state", "alive", "word"),
    [
        ("signal 9", "backoff", True, "memory"),
        ("signal 15", "backoff", True, "SIGTERM"),
        ("signal 11", "failed", True, "crashed"),
        ("signal 99", "failed", True, "99"),
        ("exit code 0", "backoff", True, "idle"),
        ("exit code 127", "stopped", False, "not found"),
        ("exit code 1", "stopped", False, "last words"),
        ("", "ready", False, "gateway itself was killed"),
    ],
)
def test_the_advice_fits_the_ending(ended: str, state: str, alive: bool, word: str) -> None:
    assert word in " ".join(advise(ended, state, "", alive=alive))
