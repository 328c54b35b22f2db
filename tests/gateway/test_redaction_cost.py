"""Twice the secrets cost twice the steps, whatever the shape of the message; too many are blocked instead."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from mcpgw.gateway.judging import Verdict
from mcpgw.gateway.redaction import MAX_BYTES, MAX_SECRETS
from mcpgw.policy.rule import Action, Flow
from mcpgw.protocol.message import Message, parse
from support.judges import judge

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ROWS = {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string"}}, "required": ["k"]}}


def _keys(count: int) -> list[str]:
    return [f"AKIAQ3EGRT5LZW{LETTERS[n // 1024 % 32]}{LETTERS[n // 32 % 32]}{LETTERS[n % 32]}XZ7" for n in range(count)]


def _text(keys: list[str]) -> Any:
    return {"content": [{"type": "text", "text": '\n"\\é'.join(keys)}]}


def _structured(keys: list[str]) -> Any:
    value = {"rows": [{"k": key} for key in keys]}
    return {"content": [{"type": "text", "text": json.dumps(value)}], "structuredContent": value}


def _one_scalar(keys: list[str]) -> Any:
    value = {"rows": [{"k": '\n"é'.join(keys)}]}
    return {"content": [{"type": "text", "text": json.dumps(value)}], "structuredContent": value}


def _items(keys: list[str]) -> Any:
    return {"content": [{"type": "text", "text": json.dumps({"k": [key]})} for key in keys]}


def _results(keys: list[str]) -> Any:
    return {"content": [{"type": "tool_result", **_structured([key])} for key in keys]}


def _names(keys: list[str]) -> Any:
    return {"content": [{"type": "text", "text": json.dumps(dict.fromkeys(keys, 1))}]}


def _blobs(keys: list[str]) -> Any:
    return {"contents": [{"uri": "u", "blob": base64.b64encode(key.encode()).decode()} for key in keys]}


def _verdict(result: Any) -> Verdict:
    message = parse(json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode())
    assert isinstance(message, Message)
    return judge().verdict(message, Flow.TO_CLIENT, json.dumps({"type": "object", "properties": {"rows": ROWS}}))


def _steps(result: Any) -> int:
    """Calls of functions, Python's and built-in ones, until the verdict stands."""
    steps = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        verdict = _verdict(result)
    finally:
        sys.setprofile(before)
    assert verdict.decision.action is Action.REDACT
    return steps


@pytest.mark.requirement("redact.bounded")
@pytest.mark.parametrize("shape", [_text, _structured, _one_scalar, _items, _results, _names, _blobs])
def test_the_steps_grow_as_the_secrets_do(shape: Callable[[list[str]], Any]) -> None:
    judge()  # made once
    _verdict(shape(_keys(3)))  # what is imported and compiled at first use
    assert _steps(shape(_keys(400))) < 5 * _steps(shape(_keys(100)))


@pytest.mark.requirement("redact.bounded")
def test_a_message_with_too_many_secrets_is_blocked() -> None:
    assert _verdict(_text(_keys(MAX_SECRETS))).decision.action is Action.REDACT
    assert _verdict([*_keys(1), "x" * MAX_BYTES]).decision.action is Action.BLOCK
    verdict = _verdict(_text(_keys(MAX_SECRETS + 1)))
    assert verdict.decision.action is Action.BLOCK
    assert len(verdict.decision.findings) == MAX_SECRETS + 1
