"""Windows, boundaries, allow-lists and entropy decide alike for every engine."""

from __future__ import annotations

from typing import Any

import pytest

from mcpgw.detect.engine import judge, portable_automaton
from mcpgw.detect.pattern import Pattern, from_plain


def _pattern(**fields: Any) -> Pattern:
    return from_plain({"id": "t", "severity": "low", "pattern": "k[0-9a-f]{4,8}", "max_length": 9, **fields})


def _found(text: bytes, **fields: Any) -> list[bytes]:
    rules = (_pattern(**fields),)
    return [match.secret for match in judge(text, rules, portable_automaton(rules))]


def test_every_match_is_found_once_and_whole() -> None:
    assert _found(b"k1234 kabcdef12 k12") == [b"k1234", b"kabcdef12"]


@pytest.mark.parametrize(
    ("text", "boundary", "found"),
    [
        (b"xk1234", "word", []),
        (b"(k1234)", "word", [b"k1234"]),
        (b"k1234/", "word", [b"k1234"]),
        (b"k1234/", "base64", []),
        (b"k1234-9", "digits", []),
        (b"k1234. ", "digits", [b"k1234"]),
    ],
)
def test_boundaries(text: bytes, boundary: str, found: list[bytes]) -> None:
    assert _found(text, boundary=boundary) == found


def test_digits_that_are_no_number_of_a_kind_hide_none_that_overlaps() -> None:
    four = "[2-6][0-9]{3} [0-9]{4}"
    assert _found(b"x 12345 4539 5787 y", pattern=four, boundary="digits") == [b"4539 5787"]


def test_allow_entropy_and_keywords() -> None:
    assert _found(b"k1234 k1111", entropy=1.5) == [b"k1234"]
    assert _found(b"k1234", allow=["^K12"]) == []
    assert _found(b"k1234", keywords=["zz"]) == []
    assert _found(b"K12AB", caseless=True) == [b"K12AB"]


def test_a_group_is_the_secret_itself() -> None:
    assert _found(b"key=abcd", pattern="key=([a-d]{4})") == [b"abcd"]
