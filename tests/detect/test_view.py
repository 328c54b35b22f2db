"""The scanned text is what a frame says, and each place in it leads back to the bytes that say it."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcpgw.detect.unfold import whole_letters
from mcpgw.detect.view import origins, said, scan_view, thorough_origins, thorough_said, thorough_view
from mcpgw.protocol import plain

needs_extension = pytest.mark.skipif(plain.said is None, reason="built only where there is a C compiler")

TEXT = st.text(alphabet='ab\n\t\\"é🙂/\u0001\b\f\x7fnu0', max_size=30)


def _frame(text: str, ascii_only: bool) -> bytes:
    return json.dumps({"k": [text]}, ensure_ascii=ascii_only).encode()


@given(st.binary(max_size=80))
def test_a_view_keeps_its_length(raw: bytes) -> None:
    assert len(scan_view(raw)) == len(raw)


def test_a_view_blanks_simple_escapes_only() -> None:
    assert scan_view(rb"a\nb\tc\rd\"e") == b"a  b  c  d  e"
    assert scan_view(rb"a\\b\/c\u0041") == rb"a\\b\/c\u0041"
    assert scan_view(b"plain") == b"plain"


@given(TEXT, st.booleans())
def test_a_frame_says_what_its_strings_say(text: str, ascii_only: bool) -> None:
    assume('\\"' not in f'{text}"')
    spaced = text.translate(str.maketrans('\n\t"', "   ")).encode()
    assert said(_frame(text, ascii_only)) == b'{"k": ["' + scan_view(spaced) + b'"]}'


@pytest.mark.requirement("rules.escapes")
def test_a_quote_of_a_text_within_a_text_is_a_separator() -> None:
    text = json.dumps(json.dumps({"api_key": "v"}))
    assert said(_frame(text, True)).split() == [b'{"k":', b'["', b"{", b"api_key", b":", b"v", b"}", b'"]}']


def test_escapes_of_every_kind() -> None:
    raw = rb'["a\/b\b\f\\d\\n\\\"\u0041\u00e9\u20ac\ud83d\ude42\u0022"]'
    assert said(raw) == b'["a/b\b\f\\d    A' + "é€🙂".encode() + b' "]'
    assert said(b"no escape") == b"no escape"


@given(TEXT, st.booleans(), st.data())
def test_a_place_leads_back_to_the_bytes_that_say_it(text: str, ascii_only: bool, data: st.DataObject) -> None:
    raw = _frame(text, ascii_only)
    length = len(said(raw))
    start, end = sorted(data.draw(st.tuples(*[st.integers(8, length - 3)] * 2)))
    first, last = whole_letters(raw, *origins(raw, [start, end]))
    before, between, after = (len(said(part)) for part in (raw[:first], raw[first:last], raw[last:]))
    assert before + between + after == length
    assert start - 3 <= before <= start
    assert end <= before + between <= end + 3


@needs_extension
@given(st.text(alphabet='\\ntr"u0a é\n', max_size=40))
def test_the_quick_view_is_the_thorough_one(text: str) -> None:
    assert plain.view is not None
    assert plain.view(text.encode()) == thorough_view(text.encode())


@needs_extension
@given(TEXT, st.booleans(), st.lists(st.integers(0, 200), max_size=8))
def test_the_quick_steps_do_what_the_thorough_ones_do(text: str, ascii_only: bool, offsets: list[int]) -> None:
    assert plain.said is not None and plain.origins is not None
    raw = _frame(text, ascii_only).replace(b"/", b"\\/")
    text_said = plain.said(raw)
    assert text_said == thorough_said(raw)
    inside = sorted(offset for offset in offsets if offset <= len(text_said))
    assert plain.origins(raw, inside) == thorough_origins(raw, inside)


@needs_extension
@given(st.binary(max_size=40) | st.text(alphabet='\\u0dD8"n', max_size=40).map(str.encode))
def test_no_bytes_at_all_are_read_beyond_their_end(raw: bytes) -> None:
    assert plain.said is not None and plain.origins is not None
    assert len(plain.said(raw)) <= len(raw)
    assert plain.origins(raw, [0, len(raw)])[0] <= 1


@needs_extension
def test_what_is_no_frame_is_a_fault_of_the_caller() -> None:
    assert plain.said is not None and plain.origins is not None
    wrong = [
        (plain.said, ("text",)),
        (plain.origins, (b"", ())),
        (plain.origins, (b"", ["a"])),
    ]
    for step, arguments in wrong:
        with pytest.raises(TypeError):
            step(*arguments)  # type: ignore[operator]
