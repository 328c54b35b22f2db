"""A record is one line of valid JSON, whatever the message held, and short."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.audit.record import Record, cap, encode, opening
from mcpgw.policy.decide import Judged
from mcpgw.policy.rule import Action

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=30), inner, max_size=4),
    max_leaves=20,
)
TEXT = st.text(max_size=10)


@given(JSON, TEXT, TEXT, st.integers(20, 200))
def test_one_line_of_valid_json(params: object, method: str, name: str, limit: int) -> None:
    judged = Judged("r", "low", Action.LOG, "/a/" + name, 1, 5, True, name, "f" * 16, "ABCD2345")
    body = cap(params, max_bytes=limit, max_value_chars=10)
    record = Record("to_server", "request", "1", method, name, body, "log", (judged,), 9, 3, name, "ABCD2345")
    line = encode(record, sequence=1, at="1.5", time_text="t", shared=opening("i", name, method)) + b"}"
    assert line.isascii()
    assert b"\n" not in line
    read = json.loads(line)
    assert (read["method"], read["tool"], read["server"], read["reason"]) == (method, name, name, name)
    assert read["findings"][0]["pointer"] == "/a/" + name


@given(JSON)
def test_a_capped_body_is_short(body: object) -> None:
    assert len(cap(body, max_bytes=60, max_value_chars=8)) <= 120


@given(JSON.filter(lambda body: "Infinity" not in json.dumps(body) and "NaN" not in json.dumps(body)))
def test_a_body_is_cut_only_where_its_text_is_too_long(body: object) -> None:
    text = json.dumps(body, separators=(",", ":"))
    assert cap(body, max_bytes=len(text), max_value_chars=3) == text
    assert cap(body, max_bytes=len(text) - 1, max_value_chars=3) != text


def test_short_bodies_stay_and_long_strings_are_cut() -> None:
    assert cap({"a": 1.0, "b": "é"}, max_bytes=100, max_value_chars=5) == '{"a":1.0,"b":"\\u00e9"}'
    assert cap({"a": "x" * 50, "b": 1}, max_bytes=40, max_value_chars=5) == '{"a":"xxxxx... (+45)","b":1}'


def test_of_many_parts_only_the_beginning_is_written() -> None:
    assert cap([1] * 100, max_bytes=60, max_value_chars=8) == '"[1,1,1,1..."'
    assert cap({"a": ["x" * 50] * 100}, max_bytes=60, max_value_chars=8) == '"{\\"a\\":[\\"x..."'


@pytest.mark.parametrize("body", [[1e400] * 100, [float("nan")] * 100])
def test_what_is_no_json_is_not_recorded(body: object) -> None:
    assert cap(body, max_bytes=60, max_value_chars=8) == '"... (cannot be recorded)"'


def test_absent_parts_are_absent() -> None:
    record = Record("to_client", "broken", None, None, None, None, "drop", (), 7)
    read = json.loads(encode(record, sequence=2, at="1.0", time_text="t", shared=opening("i", "s", "")) + b"}")
    assert read["id"] is None
    assert {"params", "latency_us", "reason", "ref"}.isdisjoint(read)
