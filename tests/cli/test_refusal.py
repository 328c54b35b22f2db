"""`mcpgw why REF`: what a person learns who was given a REF by an agent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mcpgw.audit.journal import Journal
from mcpgw.cli.main import main
from mcpgw.cli.refusal import SHOWN, explain
from mcpgw.paths import StateLayout
from support.journals import NOON, body
from support.mortal import Mortal, text
from support.peer import Peer, gateway, mock

SECRET = "AKIAQ3EGRT5LZW7YKX2M"
# Words for what an agent that reads this must not be told to do.
WEAKENING = re.compile(
    r"mcpgw (allow|bypass|uninstall|rules (set|edit|unset)|review approve|exceptions)|disable|enabled"
)


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateLayout:
    monkeypatch.setenv("MCPGW_HOME", str(tmp_path))
    return StateLayout(str(tmp_path))


def journal(layout: StateLayout, *records: dict[str, Any]) -> None:
    made = Journal.open(layout, "i", now=NOON)
    for number, fields in enumerate(records, 1):
        made.append(body(number, NOON + number, **fields), now=NOON + number)
    made.close(NOON + len(records))


@pytest.mark.requirement("cli.why-ref")
def test_a_real_refusal_is_explained_by_its_ref(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    with Peer(gateway(*mock()), Path(layout.root)) as peer:
        refused = text(peer.open().call("echo", text=f"key {SECRET}"))
        peer.end()
    ref = re.search(r"ref ([A-Z2-7]{8})", refused)
    assert ref is not None
    assert main(["why", ref[1].lower()]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{ref[1]}: block by aws-access-key (critical), 1 record\n")
    assert "found at /params/arguments/text: 20 bytes, AKIA***" in said
    assert "mock  ->  request tools/call echo  block" in said
    assert SECRET not in said and WEAKENING.search(said) is None
    assert main(["why", ref[1], "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["schema"], report["ref"], report["rule"]) == ("mcpgw.why-ref/1", ref[1], "aws-access-key")
    (hit,) = report["hits"]
    assert (hit["server"], hit["method"], hit["tool"], hit["decision"]) == ("mock", "tools/call", "echo", "block")
    assert SECRET not in json.dumps(report)


@pytest.mark.requirement("cli.why-ref")
def test_the_refusals_of_a_server_that_was_given_up_name_it(mortal: Mortal, capsys: pytest.CaptureFixture[str]) -> None:
    with mortal.start(settings="deaths_a_minute = 1") as peer:
        peer.open().call("die")
        ref = re.search(r"Ref ([A-Z2-7]{8})", text(peer.call("echo")))
        assert ref is not None
        peer.end()
    assert main(["why", ref[1]]) == 0
    said = capsys.readouterr().out
    assert f"{ref[1]}: refuse by server-failed" in said and "`mcpgw why mortal`" in said


CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "broken", "decision": "refuse", "reason": "NaN"}, "ambiguous-frame", "read the message differently"),
    ({"decision": "block", "reason": "approval"}, "approval", "mcpgw review show ABCDEFGH"),
    ({"decision": "block", "reason": "placeholder"}, "placeholder", "stand-in"),
    ({"decision": "block", "reason": "too-many-waiting"}, "too-many-waiting", "try again"),
    ({"decision": "block", "reason": "policy-unavailable"}, "policy-unavailable", "config check"),
    ({"decision": "block", "reason": "scan-budget"}, "scan-budget", "scan"),
    (
        {"type": "action", "direction": "control", "method": "request/refused", "reason": "tools/call: server-changed"},
        "server-changed",
        "mcpgw why fs",
    ),
    ({"type": "action", "direction": "control", "method": "server/start", "reason": "changed"}, "server/start", ""),
]


@pytest.mark.parametrize(("fields", "rule", "advice"), CASES, ids=[rule for _, rule, _ in CASES])
def test_each_cause_has_its_name_and_a_way_on(
    layout: StateLayout, fields: dict[str, Any], rule: str, advice: str
) -> None:
    journal(layout, {}, {**fields, "ref": "ABCDEFGH"})
    report = explain(layout, "ABCDEFGH")
    assert (report.rule, report.records) == (rule, 1)
    said = " ".join(report.advice)
    assert advice in said and WEAKENING.search(said) is None


def test_a_secret_that_comes_again_is_counted_and_its_newest_shown(layout: StateLayout) -> None:
    finding = {"rule": "r", "severity": "high", "ref": "ABCDEFGH", "pointer": "/a", "length": 3, "preview": "***"}
    redacted = {"direction": "to_client", "decision": "redact", "findings": [{"ref": "OTHERREF"}, finding]}
    journal(layout, *[redacted] * (SHOWN + 3))
    report = explain(layout, "abcdefgh")
    assert (report.records, len(report.hits)) == (SHOWN + 3, SHOWN)
    assert report.hits[-1].at == NOON + SHOWN + 3
    assert "[mcpgw:r:ABCDEFGH]" in report.advice[-1]


def test_what_nobody_knows_says_where_to_look(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    journal(layout, {"params": {"text": "ABCDEFGH"}, "findings": [7], "ref": None})
    assert main(["why", "ABCDEFGH"]) == 4
    said = capsys.readouterr().err
    assert "no server and no record is known as ABCDEFGH" in said and "audit list --blocked" in said


def test_a_server_whose_name_looks_like_a_ref_goes_first(
    layout: StateLayout, capsys: pytest.CaptureFixture[str]
) -> None:
    with Peer(gateway(*mock(), name="postgres"), Path(layout.root)) as peer:
        peer.open().end()
    assert main(["why", "postgres"]) == 0
    assert "postgres: stopped" in capsys.readouterr().out
