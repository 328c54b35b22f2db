"""The text that is scanned: what a frame says, its escapes undone in one pass; and the way back to the frame."""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]

from mcpgw.expressions import expression
from mcpgw.protocol import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# One escape; a surrogate pair is one character, so its two belong together.
ESCAPE = expression(rb"\\(?:[^u]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4})", re.DOTALL)
# Two letters each, so in plain text two spaces keep the length.
_SEPARATOR_ESCAPES = (b"\\n", b"\\t", b"\\r", b'\\"')
_HELD = b"\0"  # stands for an escaped backslash meanwhile; no valid JSON has it
_units = expression(rb"(?:\\u[0-9a-fA-F]{4})+")


def decode(token: bytes) -> bytes:
    """What a JSON string token says, in UTF-8; half a surrogate pair in three bytes. As long as `said` of it."""
    text, _ = scanstring(token.decode("utf-8", "replace") + '"', 0)
    return text.encode("utf-8", "surrogatepass")  # type: ignore[no-any-return]


def thorough_view(text: bytes) -> bytes:
    """Text with `\\n \\t \\r \\"` in it blanked, each letter at its place: separators of a text that it quotes."""
    if b"\\" not in text:
        return text
    for escape in _SEPARATOR_ESCAPES:
        text = text.replace(escape, b"  ")
    return text


def thorough_said(raw: bytes) -> bytes:
    """A frame of valid JSON with the escapes of its strings undone. Line ends, tabs and quotes in them become spaces.

    So do those that a text within the text escapes.
    """
    if b"\\" not in raw:
        return raw
    text = raw.replace(rb"\\", _HELD).replace(_HELD + rb"\"", b"  ")
    for escape in _SEPARATOR_ESCAPES:
        text = text.replace(escape, b" ")
    text = text.replace(rb"\/", b"/").replace(rb"\b", b"\b").replace(rb"\f", b"\f")
    text = _units.sub(lambda units: decode(units.group()).replace(b'"', b" "), text).replace(_HELD, b"\\")
    return thorough_view(text)


def thorough_origins(raw: bytes, offsets: list[int]) -> list[int]:
    """Where in the frame each of the ascending `offsets` into its text comes from.

    One inside what an escape says comes from inside that escape: see unfold.whole_letters.
    """
    places: list[int] = []
    escapes = _escapes(raw)
    begin, end, first, last = next(escapes)
    reached, behind = 0, 0  # where the escape before this one ends: in the frame, and in the text
    for offset in offsets:
        while offset >= last:
            reached, behind = end, last
            begin, end, first, last = next(escapes)
        places.append(begin + 1 if offset > first else reached + offset - behind)
    return places


def _escapes(raw: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Of each escape where it begins and ends, in the frame and in the text; then of one that no offset reaches."""
    shrunk = 0
    for escape in ESCAPE.finditer(raw):
        begin, end = escape.span()
        size = len(decode(escape.group()))
        yield begin, end, begin - shrunk, begin - shrunk + size
        shrunk += end - begin - size
    yield len(raw), len(raw), len(raw) + 1, len(raw) + 2


scan_view = plain.view or thorough_view
said = plain.said or thorough_said
origins = plain.origins or thorough_origins
