"""A pattern that is understood matches as `re` says; one that is built to cost time is given up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgw.policy.shape import Unsupported, read

ATOMS = st.sampled_from(["a", "X", "0", "-", r"\d", r"\w", "[a-c]", "[^0-9]", r"\.", ".", r"[\d_x-]", r"[A-Z\-]"])
COUNTS = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{0,2}", "*?"])
PIECES = st.tuples(ATOMS, COUNTS).map("".join)
SEQUENCES = st.lists(PIECES, max_size=4).map("".join)
GROUPS = st.tuples(SEQUENCES, SEQUENCES, COUNTS).map(lambda parts: f"({parts[0]}|{parts[1]}){parts[2]}")
PATTERNS = st.tuples(st.sampled_from(["", "^"]), SEQUENCES, st.just("") | GROUPS, st.sampled_from(["", "$"])).map(
    "".join
)


@settings(max_examples=400, deadline=None)
@given(PATTERNS, st.text("aX0-_.bC9 ", max_size=8))
def test_matches_what_re_matches(pattern: str, text: str) -> None:
    try:
        expected = re.search(pattern, text, re.ASCII) is not None
    except re.error:
        return
    assert read(pattern).fits(text) is expected


@settings(max_examples=200, deadline=None)
@given(PATTERNS, st.integers(0, 30))
def test_a_sample_fits(pattern: str, length: int) -> None:
    shape = read(pattern)
    assert shape.fits(shape.sample(length))


@pytest.mark.parametrize(
    ("pattern", "length", "sample"),
    [
        (r"^\d{3}-\d{2}-\d{4}$", 11, "000-00-0000"),
        ("^AKIA[A-Z0-9]{16}$", 20, "AKIA" + "0" * 16),
        ("^(?:AKIA|ASIA)[A-Z]{16}$", 20, "AKIA" + "X" * 16),
        ("^[0-9]{13,19}$", 16, "0" * 16),
        (r"^\w+$", 5, "00000"),
        ("^[^0-9A-Za-z]+$", 2, "  "),
    ],
)
def test_samples_have_the_wanted_length(pattern: str, length: int, sample: str) -> None:
    assert read(pattern).sample(length) == sample


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?=a)",
        r"(a)\1",
        r"\bx",
        r"\p{L}",
        "a{2000}",
        "^a|b$",
        "(" * 30 + ")" * 30,
        "[z-a]",
        "a**",
        "(a",
        "x" * 1025,
        "[",
    ],
)
def test_what_is_not_understood_is_said(pattern: str) -> None:
    with pytest.raises(Unsupported):
        read(pattern)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*b$", "^((a{0,50}){0,50}){0,50}b$", "(((x*)*)*)*y"])
def test_a_pattern_that_would_stall_another_engine_ends(pattern: str) -> None:
    try:
        assert not read(pattern).fits("a" * 2_000 + "!")
    except Unsupported:
        pass


def test_long_texts_and_long_samples_are_given_up() -> None:
    with pytest.raises(Unsupported):
        read("a").fits("a" * 5_000)
    with pytest.raises(Unsupported):
        read("^((a{100}){100}){100}$").sample(10)
