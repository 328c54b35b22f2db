"""A place in the decoded text leads back to the raw bytes that spell it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.detect.unfold import unfold, whole_letters

TEXT = st.text(alphabet='ab\n\\"é🙂/\u0001', min_size=1, max_size=12)


@given(TEXT, st.booleans(), st.data())
def test_raw_spans_decode_to_what_they_spell(text: str, ascii_only: bool, data: st.DataObject) -> None:
    token = json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()
    unfolded = unfold(token, 7)
    assert unfolded.text == text.encode()
    first = data.draw(st.integers(0, len(text) - 1))
    last = data.draw(st.integers(first + 1, len(text)))
    span = len(text[:first].encode()), len(text[:last].encode())
    start, end = unfolded.raw_span(*span)
    assert json.loads(b'"' + token[start - 7 : end - 7] + b'"') == text[first:last]


def test_inside_an_escape_the_whole_escape_counts() -> None:
    unfolded = unfold(rb"a\u00e9b", 0)
    assert unfolded.text == "aéb".encode()
    assert unfolded.raw_span(2, 3) == (1, 7)


@given(TEXT, st.booleans(), st.data())
def test_the_way_back_and_forth_is_the_same(text: str, ascii_only: bool, data: st.DataObject) -> None:
    unfolded = unfold(json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode(), 7)
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    span = len(text[:start].encode()), len(text[:end].encode())
    assert unfolded.text_span(*unfolded.raw_span(*span)) == span


@pytest.mark.requirement("redact.whole-letters")
@given(TEXT, st.booleans(), st.data())
def test_whole_letters_leave_valid_text_on_both_sides(text: str, ascii_only: bool, data: st.DataObject) -> None:
    raw = b'{"k": ' + json.dumps(text, ensure_ascii=ascii_only).encode() + b"}"
    inside = st.integers(7, len(raw) - 2)
    start, end = sorted(data.draw(st.tuples(inside, inside)))
    first, last = whole_letters(raw, start, end)
    assert 7 <= first <= start
    assert end <= last <= len(raw) - 2
    before, _, after = json.loads(raw[:first] + b"*" + raw[last:])["k"].partition("*")
    assert text.startswith(before)
    assert text.endswith(after)
