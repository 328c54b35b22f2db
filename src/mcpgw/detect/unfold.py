"""Decodes one JSON string token and keeps the way back, so that a hit in the decoded text finds its raw bytes."""

from __future__ import annotations

import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]

# One escape; a surrogate pair is one character, so its two belong together.
_escape = re.compile(rb"\\(?:[^u]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4})", re.DOTALL)
SIMPLE_ESCAPE_BYTES = 2
LONGEST_ESCAPE_BYTES = 12


class Unfolded:
    """A decoded string token. text: what it says, in UTF-8.  start: the place of its first letter in the frame."""

    __slots__ = ("_after", "_before", "_mapped", "_token", "start", "text")

    def __init__(self, token: bytes, start: int) -> None:
        self.text = _decode(token)
        self.start = start
        self._token = token
        self._mapped = False
        self._before: list[tuple[int, int]] = []  # where each escape begins: (in the text, in the token)
        self._after: list[tuple[int, int]] = []  # where it ends

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """The frame's bytes that spell text[start:end]; whole escapes where it begins or ends inside one."""
        self._map()
        return self.start + self._to_token(start, round_up=False), self.start + self._to_token(end, round_up=True)

    def text_span(self, start: int, end: int) -> tuple[int, int]:
        """The way back: the place in `text` of the frame's bytes start..end, which hold whole escapes."""
        self._map()
        return self._to_text(start - self.start), self._to_text(end - self.start)

    def _to_text(self, offset: int) -> int:
        index = bisect_right(self._after, offset, key=_in_token) - 1
        text_at, token_at = self._after[index] if index >= 0 else (0, 0)
        return text_at + offset - token_at

    def _to_token(self, offset: int, *, round_up: bool) -> int:
        """An offset in the text as one in the token; inside an escape, its end (round_up) or its beginning."""
        index = bisect_right(self._before, offset, key=_in_text) - 1
        if index < 0 or offset >= self._after[index][0]:
            return self._plain(index, offset)
        if round_up and offset == self._before[index][0]:
            return self._before[index][1]  # the escape that begins here belongs to what follows
        return self._after[index][1] if round_up else self._before[index][1]

    def _plain(self, index: int, offset: int) -> int:
        """An offset in the ordinary letters behind escape number `index` (-1: before the first)."""
        text_at, token_at = self._after[index] if index >= 0 else (0, 0)
        return token_at + offset - text_at

    def _map(self) -> None:
        """Notes, once, where every escape stands on both sides; only texts with a hit pay for it."""
        if self._mapped:
            return
        self._mapped = True
        shrunk = 0
        before, after = self._before.append, self._after.append
        for escape in _escape.finditer(self._token):
            begin, end = escape.span()
            size = end - begin
            before((begin - shrunk, begin))
            shrunk += size - (1 if size == SIMPLE_ESCAPE_BYTES else len(_decode(escape.group())))
            after((end - shrunk, end))


def _in_text(place: tuple[int, int]) -> int:
    return place[0]


def _in_token(place: tuple[int, int]) -> int:
    return place[1]


def unfold(token: bytes, start: int) -> Unfolded:
    """`token`: the bytes between the quotes of a valid JSON string, which stand at `start` of the frame."""
    return Unfolded(token, start)


def whole_letters(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """start..end, inside one string of the frame `raw`, widened to the escapes and UTF-8 letters that it cuts."""
    while start and raw[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(raw) and raw[end] & 0xC0 == 0x80:
        end += 1
    first = max(0, start - 2 * LONGEST_ESCAPE_BYTES)
    if b"\\" not in raw[first:end]:
        return start, end
    while first and raw[first - 1 : first] == b"\\":
        first -= 1  # else the second half of an escaped backslash would be taken for the first
    for escape in _escape.finditer(raw, first, end + LONGEST_ESCAPE_BYTES):
        begin, stop = escape.span()
        if begin < start < stop:
            start = begin
        if begin < end < stop:
            end = stop
    return start, end


def _decode(token: bytes) -> bytes:
    text, _ = scanstring(token.decode("utf-8", "replace") + '"', 0)
    return text.encode("utf-8", "surrogatepass")  # type: ignore[no-any-return]
