"""Findings know where they stand, whatever the secret's spelling, and never say what it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgw.detect.engine import MAX_CANDIDATES, ScanOverBudget
from support.detectors import ENGINES, detector

KEY = "AKIAQ3EGRT5LZW7YKX2M"
CARD = "4539578763621486"


def _raw(result: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def _found(raw: bytes, engine: str = "native") -> list[tuple[str, str, bytes]]:
    return [(each.rule, each.pointer, raw[each.start : each.end]) for each in detector(engine).inspect(raw)]


@pytest.mark.parametrize("engine", ENGINES)
def test_values_keys_and_numbers(engine: str) -> None:
    raw = _raw({"a/b": {"~": [KEY]}, KEY: 1, "n": int(CARD)})
    found = _found(raw, engine)
    assert (b"AKIA" in raw) and [(rule, secret) for rule, _, secret in found] == [
        ("aws-access-key", KEY.encode()),
        ("aws-access-key", KEY.encode()),
        ("credit-card", CARD.encode()),
    ]
    assert found[0][1] == "/result/a~1b/~0/0"
    assert found[2][1] == "/result/n"


@pytest.mark.requirement("audit.no-secret-in-pointer")
def test_the_pointer_of_a_secret_key_does_not_hold_it() -> None:
    raw = _raw({KEY: {KEY: "x", "below": KEY}})
    assert len(_found(raw)) == 3
    assert all(KEY not in pointer for _, pointer, _ in _found(raw))
    assert KEY not in repr(detector("native").inspect(raw))


@pytest.mark.requirement("rules.escapes")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "escape", ["\\u0041KIAQ3EGRT5LZW7YKX2M", "AKIA\\u0051\\u0033EGRT5LZW7YKX2M", "AKIAQ3EGRT5LZW7YKX2\\u004D"]
)
def test_escaped_letters_are_decoded_and_the_raw_bytes_found(engine: str, escape: str) -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"result":{"t":"a\\\\b ' + escape.encode() + b' c\\/d"}}'
    assert _found(raw, engine) == [("aws-access-key", "/result/t", escape.encode())]


@pytest.mark.requirement("rules.escapes")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_name_and_its_value_are_found_in_json_within_json(engine: str) -> None:
    text = json.dumps({"log": json.dumps({"api_key": "q7Zt3LmVw9KpXc2RbN5s"})})
    assert _found(_raw(text), engine) == [("generic-api-key", "/result", b"q7Zt3LmVw9KpXc2RbN5s")]


def test_a_match_across_two_scalars_is_none() -> None:
    assert _found(_raw(["AKIAQ3EGRT", "5LZW7YKX2M"])) == []


def test_plain_text_is_inspected_too() -> None:
    text = f"at {KEY}!".encode()
    assert detector("native").inspect_text(text) == (("aws-access-key", 3, 23),)


def test_too_many_candidates_are_over_budget() -> None:
    flood = "a@b.co " * (MAX_CANDIDATES + 1)
    with pytest.raises(ScanOverBudget):
        detector("native").inspect(_raw(flood))


PIECES = st.sampled_from(
    [
        *(KEY, CARD, "536-22-8741", "a.b@corp.org", "4111111111111111", "aws "),
        *("ghp_q7Zt3LmVw9KpXc2RbN5sYdE8fGhJ1kT4uWvA", "api_key=q7Zt3LmVw9KpXc2RbN5s"),
        *("\\", '"', "\n", "\t", " ", "-", "x", "9", "=", "é", "🙂", "/"),
    ]
)


@pytest.mark.requirement("rules.same-verdicts")
@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=12), st.booleans())
def test_both_engines_find_the_same(pieces: list[str], ascii_only: bool) -> None:
    raw = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"t": "".join(pieces)}}, ensure_ascii=ascii_only).encode()
    assert _found(raw, "native") == _found(raw, "portable")
