"""`mcpgw logs` shows diagnostics by level and time, safely."""

import json
from pathlib import Path

import pytest

from mcpgw.audit.diagnostics import Diagnostics
from mcpgw.cli.main import main
from mcpgw.paths import StateLayout
from support.journals import NOON


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateLayout:
    monkeypatch.setenv("MCPGW_HOME", str(tmp_path))
    layout = StateLayout(str(tmp_path))
    log = Diagnostics(layout, "i-1", stderr_level="off", clock=lambda: NOON)
    log.info("policy-loaded", digest="abc")
    log.warning("stale", message="the policy is stale\x1b[2J\u202e")
    log.close()
    return layout


@pytest.mark.requirement("cli.logs")
def test_text(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-01-01 12:00:00Z  info     i-1  policy-loaded (digest=abc)",
        "2026-01-01 12:00:00Z  warning  i-1  the policy is stale\\u001b[2J\\u202e",
    ]


def test_json_and_filters(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "--json", "--level", "warning", "--since", "2025-12-31"]) == 0
    schema, event = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert schema == {"schema": "mcpgw.log/1"} and event["event"] == "stale"
    assert main(["logs", "--limit", "1"]) == 0
    assert "policy-loaded" not in capsys.readouterr().out


def test_nothing_to_show(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "--since", "1s"]) == 0
    assert capsys.readouterr().out == "No events.\n"
    assert main(["logs", "--level", "shout"]) == 2


def test_follow(layout: StateLayout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = iter([True, False])

    def wait() -> bool:
        log = Diagnostics(layout, "i-2", stderr_level="off", clock=lambda: NOON)
        log.error("late")
        log.close()
        return next(rounds)

    monkeypatch.setattr("mcpgw.cli.logs.wait_a_little", wait)
    assert main(["logs", "-f", "--limit", "1"]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == [
        "stale\\u001b[2J\\u202e",
        "late",
    ]
