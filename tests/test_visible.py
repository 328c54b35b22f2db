"""What others wrote reaches a terminal as text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcpgw.visible import visible


def test_hidden_characters_are_written_out() -> None:
    assert visible("a\x1b[31m\u202eb\u200b\ud800") == "a\\u001b[31m\\u202eb\\u200b\\ud800"


@given(st.text())
def test_no_control_character_is_left_and_every_stream_can_encode_it(text: str) -> None:
    said = visible(text)
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in said)
    said.encode()
