"""`mcpgw restart` on a real gateway."""

from __future__ import annotations

import json

import pytest

from mcpgw.cli.main import main
from support.mortal import Mortal, text


@pytest.mark.requirement("cli.restart")
def test_a_server_that_was_given_up_comes_back(mortal: Mortal, capsys: pytest.CaptureFixture[str]) -> None:
    with mortal.start(settings="deaths_a_minute = 1") as peer:
        assert "not started again" in text(peer.open().call("die"))
        assert text(peer.call("echo")).startswith("Refused by mcpgw")
        assert main(["restart", "mortal", "--json"]) == 0
        payload = json.loads(capsys.readouterr().out)
        assert payload["schema"] == "mcpgw.restart/1"
        assert [(each["restarted"], each["state"]) for each in payload["instances"]] == [(True, "ready")]
        assert text(peer.call("echo")) == "life 2"


def test_a_server_that_runs_is_ended_for_it(mortal: Mortal, capsys: pytest.CaptureFixture[str]) -> None:
    with mortal.start() as peer:
        peer.open()
        assert main(["restart", "mortal", "--dry-run"]) == 0
        assert "Would restart mortal" in capsys.readouterr().out
        assert mortal.lives == 1
        assert main(["restart", "mortal"]) == 0
        assert "mortal was restarted (ready)" in capsys.readouterr().out
        assert "state is lost" in text(peer.call("echo"))
        assert text(peer.call("echo")) == "life 2"
        assert peer.end() == 0


def test_one_that_does_not_come_back_says_so(mortal: Mortal, capsys: pytest.CaptureFixture[str]) -> None:
    with mortal.start("2:start=exit:3", settings="deaths_a_minute = 1") as peer:
        peer.open().call("die")
        assert main(["restart", "mortal"]) == 1
        assert "has not come back (failed: the server ended 1 times" in capsys.readouterr().out


def test_what_does_not_run_is_not_found(mortal: Mortal) -> None:
    assert main(["restart", "mortal"]) == 4
    with mortal.start() as peer:
        peer.open()
        peer.end()
    assert main(["restart", "mortal"]) == 4
