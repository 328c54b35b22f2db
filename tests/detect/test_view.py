"""The view is as long as the text, and blanks only the simple escapes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcpgw.detect.view import scan_view


@given(st.binary(max_size=80))
def test_keeps_its_length(raw: bytes) -> None:
    assert len(scan_view(raw)) == len(raw)


def test_blanks_simple_escapes_only() -> None:
    assert scan_view(rb"a\nb\tc\rd\"e") == b"a  b  c  d  e"
    assert scan_view(rb"a\\b\/c\u0041") == rb"a\\b\/c\u0041"
    assert scan_view(b"plain") == b"plain"
