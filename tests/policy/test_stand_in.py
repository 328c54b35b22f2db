"""A stand-in keeps the length and kind of what it stands for, and nothing of what it said."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.policy.stand_in import Secret, for_number, for_string, in_number, shape


@pytest.mark.requirement("redact.stand-in")
@given(st.text(max_size=30))
def test_a_shape_has_the_letters_of_its_text_and_no_other(text: str) -> None:
    masked = shape(text.encode()).decode()
    assert len(masked) == len(text)
    assert not re.search("[1-9A-WYZa-wyz]", masked)
    assert shape(masked.encode()) == masked.encode()


@given(st.integers(0, 10**30))
def test_a_number_stays_a_number_of_that_length(number: int) -> None:
    text = str(number)
    stand_in = in_number(text.encode()).decode()
    assert len(stand_in) == len(text)
    assert json.loads(stand_in) == 10 ** (len(text) - 1)


def test_the_most_telling_comes_first() -> None:
    secret = Secret(3, 7, b"[mcpgw:x:ABCD2345]")
    wishes = [("pattern", "^[0-9]{4,9}$"), ("format", "uuid"), ("pattern", "(?=x)"), ("minimum", 3)]
    assert list(for_string(b"id Ab12", [secret], wishes)) == [
        [(3, 7, b"[mcpgw:x:ABCD2345]")],
        [(3, 7, b"Xx00")],
        [(0, 7, b"0000000")],
        [(0, 7, b"00000000-0000-0000-0000-000000000000")],
    ]


def test_a_number_goes_to_the_nearest_bound() -> None:
    wishes = [("minimum", 5), ("exclusiveMaximum", 20), ("maximum", 1.5)]
    candidates = list(for_number(b"4539", [Secret(0, 4, b"")], wishes))
    assert candidates == [[(0, 4, b"1000")], [(0, 4, b"5")], [(0, 4, b"19")], [(0, 4, b"0")]]
