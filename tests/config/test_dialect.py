"""The pattern dialect."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.config.dialect import MAX_REPEAT, dialect_problems, width


@pytest.mark.parametrize(
    "pattern",
    [
        "AKIA[A-Z0-9]{16}",
        "a|b",
        r"\d{3}-\d{2}",
        "(?:ab){1,4}c?",
        "([a-z]{2,8})=x",
        f"ab{{0,{MAX_REPEAT}}}",
        r"\xff[^\x00]",
    ],
)
def test_these_are_in(pattern):
    assert dialect_problems(pattern) == ()


@pytest.mark.requirement("rules.dialect")
@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("a(?=b)", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "back-reference"),
        ("(a)?(?(1)b|c)", "back-reference"),
        ("a*b", "no bound"),
        ("a+", "no bound"),
        ("a{2,}", "no bound"),
        ("(?:a+?)b", "no bound"),
        (f"ab{{0,{MAX_REPEAT + 1}}}", "no bound"),
        ("(?:x|y*)z", "no bound"),
        ("(?>a)b", "atomic group"),
        ("a{1,2}+", "possessive"),
        ("^a", "anchor"),
        (r"\ba", "anchor"),
        ("a$", "anchor"),
        ("(?i)a", "inline flag"),
        ("(?i:a)b", "inline flag"),
        ("(?s-i:a)b", "inline flag"),
        ("a?", "matches the empty text"),
        ("", "matches the empty text"),
        ("[[:alpha:]]", "engines read differently"),
        ("é", "not ASCII"),
        ("a(", "not a regular expression"),
        ("a{99999999999999999999}", "not a regular expression"),
        ("(" * 5000 + "a" + ")" * 5000, "not a regular expression"),
    ],
)
def test_these_are_out(pattern, problem):
    assert problem in "; ".join(dialect_problems(pattern))


def test_each_problem_is_named_once():
    assert len(dialect_problems("^a*b*$")) == 2


def test_anchors_are_allowed_where_only_the_secret_is_matched():
    assert dialect_problems("EXAMPLE$", anchors=True) == ()
    assert dialect_problems("^(?=a)", anchors=True) != ()


def test_width_is_in_bytes():
    assert width("a{2,5}b?") == (2, 6)


@given(st.text("ab()[]{}*+?|\\^$.,12:=!<>i", max_size=12))
def test_what_is_in_compiles_and_is_bounded(pattern):
    if dialect_problems(pattern) == ():
        compiled = re.compile(pattern.encode(), re.DOTALL)
        assert not compiled.fullmatch(b"")
        shortest, longest = width(pattern)
        assert 1 <= shortest <= longest <= MAX_REPEAT ** pattern.count("{") + len(pattern) * MAX_REPEAT
