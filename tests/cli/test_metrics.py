"""`mcpgw metrics` equals the journal."""

import json
from pathlib import Path

import pytest

from mcpgw.audit.journal import Journal
from mcpgw.cli.main import main
from mcpgw.paths import StateLayout
from support.journals import NOON, body


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateLayout:
    monkeypatch.setenv("MCPGW_HOME", str(tmp_path))
    layout = StateLayout(str(tmp_path))
    journal = Journal.open(layout, "i", now=NOON)
    finding = {"rule": "ssn", "action": "block"}
    answer = {"direction": "to_client", "type": "result", "method": None, "tool": None}
    for seq, fields in enumerate(
        [
            {},
            {**answer, "latency_us": 1000},
            {"decision": "block", "findings": [finding]},
            {**answer, "latency_us": 3000, "decision": "redact"},
            {"server": "git", "tool": "log"},
        ],
        1,
    ):
        journal.append(body(seq, NOON + seq, **fields), now=NOON)
    journal.close(NOON)
    return layout


@pytest.mark.requirement("cli.metrics")
def test_json(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "mcpgw.metrics/1"
    assert (found["records"], found["calls"], found["blocked"], found["redacted"]) == (5, 3, 1, 1)
    assert found["messages"]["to_server"]["request"] == 3 and found["messages"]["to_client"]["result"] == 2
    assert found["latency_us"] == {"count": 2, "p50": 1000, "p95": 3000, "p99": 3000}
    assert found["tools"][0] == {"server": "fs", "tool": "read", "calls": 2, "stopped": 1}
    assert found["findings"] == [{"rule": "ssn", "count": 1, "actions": {"block": 1}}]
    assert found["decisions"] == {"allow": 3, "block": 1, "redact": 1}


def test_text(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("5 messages, 500 B, 3 tool calls from 2026-01-01 12:00:01Z to 2026-01-01 12:00:05Z\n")
    assert "blocked 1, redacted 1, refused 0, dropped 0, alerts 0" in out
    assert "p50 1.0 ms, p95 3.0 ms, p99 3.0 ms (2 answers)" in out
    assert "ssn" in out and "block 1" in out


def test_filters(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "--json", "--server", "git"]) == 0
    assert json.loads(capsys.readouterr().out)["records"] == 1
    assert main(["metrics", "--since", "1h"]) == 0
    assert capsys.readouterr().out == "No records.\n"
