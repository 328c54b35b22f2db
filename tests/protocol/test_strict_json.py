"""Two parsers could not read differently what passes here."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.protocol import strict_json
from mcpgw.protocol.strict_json import Lexeme, NotStrict, RepeatedKeys, parse_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4))
def test_reads_what_json_reads(value: dict[str, object]) -> None:
    assert parse_object(json.dumps(value)) == value


@given(st.text(max_size=60))
def test_raises_nothing_but_not_strict(text: str) -> None:
    with suppress(NotStrict):
        assert isinstance(parse_object("{" + text), dict)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":1,}',
        "[]",
        '"x"',
        "",
        '{"a":1} {}',
        '{"a":"\n"}',
        '{"a":"\\x"}',
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(NotStrict):
        parse_object(text)


def test_keeps_every_occurrence_of_a_repeated_key_below_the_first_level() -> None:
    nested = parse_object('{"r":{"a":1,"a":2}}')["r"]
    assert isinstance(nested, RepeatedKeys)
    assert nested.pairs == [("a", 1), ("a", 2)]
    assert strict_json.children(nested) == [1, 2]


def test_deep_nesting_ends_in_not_strict_and_no_crash() -> None:
    with pytest.raises(NotStrict, match="deep"):
        parse_object('{"a":' + "[" * 100_000 + "]" * 100_000 + "}")


def test_an_integer_beyond_int_is_kept_as_text() -> None:
    digits = "1" + "0" * 5000
    assert parse_object(f'{{"n":{digits}}}')["n"] == Lexeme(digits)


@pytest.mark.parametrize(("depth", "exceeds"), [(3, False), (2, True)])
def test_depth_counts_containers(depth: int, exceeds: bool) -> None:
    raw = b'{"a":[{}],"t":"[[[[[["}'
    assert strict_json.depth_exceeds(json.loads(raw), depth, raw) is exceeds


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        (r'"\ud83d\ude42"', r'"\ud83d\ude42"'),
        (r'"\ud800"', r'"\ufffd"'),
        (r'"\ude42\ud83d"', r'"\ufffd\ufffd"'),
        (r'"\ud83d\ud83d\ude42"', r'"\ufffd\ud83d\ude42"'),
        (r'"\\ud800"', r'"\\ud800"'),
        (r'"\ud800\u1"', r'"\ufffd\u1"'),
        (r'"\uD8"', r'"\uD8"'),
    ],
)
def test_halves_of_surrogate_pairs_are_found_and_replaced_in_place(text: str, repaired: str) -> None:
    assert strict_json.replace_lone_surrogates(text) == repaired
    assert strict_json.has_lone_surrogate(text, text.encode()) is (text != repaired)
    assert len(repaired) == len(text)


def test_repeated_keys_fold_case_where_asked() -> None:
    assert strict_json.repeated_keys({"a": {"Path": 1, "path": 2}}, fold_case=True)
    assert not strict_json.repeated_keys({"a": {"Path": 1, "path": 2}}, fold_case=False)
    assert not strict_json.repeated_keys({"a": "b"}, fold_case=True)


def test_holds_text_in_keys_or_values() -> None:
    value = {"a": ["x\ufffd"], "b": {"c": 1}}
    assert strict_json.holds_text(value, "\ufffd")
    assert not strict_json.holds_text(value, "\ufffd", keys_only=True)
    assert strict_json.holds_text({"\ufffd": 1}, "\ufffd", keys_only=True)
