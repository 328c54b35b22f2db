"""An expression is compiled at its first use, and is then as quick as one that was compiled at once."""

from __future__ import annotations

import re

import pytest

from mcpgw.expressions import expression


def test_it_finds_what_the_compiled_one_finds() -> None:
    words = expression(r"[a-z]+", re.IGNORECASE)
    assert words.findall("One two") == ["One", "two"]
    assert [found.group() for found in words.finditer("a b")] == ["a", "b"]
    assert words.sub("x", "a 1") == "x 1"
    assert words.match("1") is None
    assert words.pattern == "[a-z]+"
    assert words == expression(r"[a-z]+", re.IGNORECASE)
    assert words != expression(r"[a-z]+")


def test_a_bad_one_is_told_where_it_is_used() -> None:
    bad = expression("(")
    with pytest.raises(re.error):
        bad.match("x")


def test_it_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        expression("a").other  # type: ignore[attr-defined]  # noqa: B018
