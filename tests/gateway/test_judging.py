"""A redacted frame is judged once more, and what could not be looked at to the end is the profile's to decide."""

from __future__ import annotations

import json

import pytest

from mcpgw.detect.engine import MAX_CANDIDATES
from mcpgw.gateway.judging import holds_placeholder, recorded
from mcpgw.policy.rule import Action, Flow
from mcpgw.protocol.message import Message, parse
from support.judges import judge

KEY = "AKIAQ3EGRT5LZW7YKX2M"


def _answer(result: object) -> Message:
    message = parse(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())
    assert isinstance(message, Message)
    return message


@pytest.mark.requirement("redact.only-strings")
def test_only_the_matched_bytes_change() -> None:
    answer = _answer({"structuredContent": {"a": f"x {KEY} y", "b": [1.0, "é"]}})
    verdict = judge().verdict(answer, Flow.TO_CLIENT)
    assert verdict.decision.action is Action.REDACT
    head, _, tail = answer.raw.partition(KEY.encode())
    assert verdict.frame.startswith(head + b"[mcpgw:aws-access-key:")
    assert verdict.frame.endswith(b"]" + tail)


def test_what_cannot_be_edited_is_blocked() -> None:
    for result in ({KEY: 1}, {"n": 4539578763621486}):
        assert judge().verdict(_answer(result), Flow.TO_CLIENT).decision.action is Action.BLOCK


def test_encoded_bytes_and_opaque_state_are_no_findings() -> None:
    result = {"content": [{"type": "image", "data": KEY}], "requestState": KEY, "contents": [{"blob": KEY}]}
    assert judge("strict").verdict(_answer(result), Flow.TO_CLIENT).decision.action is Action.ALLOW
    assert judge("strict").verdict(_answer({"structuredContent": {"data": KEY}}), Flow.TO_CLIENT).decision.findings


@pytest.mark.requirement("failure.scan-budget")
@pytest.mark.parametrize(
    ("profile", "action"), [("observe", Action.ALERT), ("balanced", Action.ALERT), ("strict", Action.BLOCK)]
)
def test_over_budget_is_the_profiles_to_decide(profile: str, action: Action) -> None:
    verdict = judge(profile).verdict(_answer("a@b.co " * (MAX_CANDIDATES + 1)), Flow.TO_CLIENT)
    assert verdict.decision.action is action
    assert verdict.note == "the scan was over its budget"


def test_finds_placeholders() -> None:
    assert holds_placeholder(b'"[mcpgw:ssn:ABCD2345]"') == "ABCD2345"
    assert holds_placeholder(b'"[mcpgw:ssn:x]"') is None


def test_what_is_recorded_is_masked_before_it_is_cut() -> None:
    text = "pad " * 60 + KEY + " pad" * 60
    params = {"name": KEY, "arguments": {"t": text}}
    message = parse(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode())
    assert isinstance(message, Message)
    strict = judge("strict")
    decision = strict.verdict(message, Flow.TO_SERVER).decision
    for limit in range(230, 270):
        policy = strict.policy._replace(max_params_bytes=100, max_value_chars=limit)
        seen = recorded(message, decision, policy)
        assert "AKIAQ" not in repr(seen)
        assert (seen.tool or "").startswith("[mcpgw:aws-access-key:")
