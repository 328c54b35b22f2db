"""A pattern comes from plain data, with the trigger beside it."""

from __future__ import annotations

from mcpgw.detect.pattern import from_plain


def test_defaults() -> None:
    pattern = from_plain(
        {"id": "x", "severity": "low", "pattern": "ab", "max_length": 2, "trigger": None, "allow": None}
    )
    assert pattern.triggers == (b"ab",)
    assert (pattern.boundary, pattern.validator, pattern.entropy, pattern.allow) == ("", "", 0.0, None)


def test_given_fields() -> None:
    plain = {"id": "x", "severity": "low", "pattern": "ab{1,9}", "max_length": 9, "trigger": "ab", "keywords": ["AB"]}
    pattern = from_plain({**plain, "allow": ["q", "r"], "caseless": True})
    assert pattern.triggers == (b"ab",)
    assert from_plain({**plain, "trigger": ["ab", "b{3}"]}).triggers == (b"ab", b"b{3}")
    assert pattern.keywords == (b"ab",)
    assert pattern.allow is not None
    assert pattern.allow.search(b"R")
    assert pattern.expression.search(b"ABB")
