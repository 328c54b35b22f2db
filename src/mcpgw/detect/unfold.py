"""Decodes one JSON string token and keeps the way back, so that a hit in the decoded text finds its raw bytes."""

from __future__ import annotations

import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]

# One escape; a surrogate pair is one character, so its two belong together.
_escape = re.compile(rb"\\(?:[^u]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4})", re.DOTALL)
SIMPLE_ESCAPE_BYTES = 2


class Unfolded:
    """A decoded string token. text: what it says, in UTF-8.  start: the place of its first letter in the frame."""

    __slots__ = ("_after", "_before", "_token", "start", "text")

    def __init__(self, token: bytes, start: int) -> None:
        self.text = _decode(token)
        self.start = start
        self._token = token
        self._before: list[tuple[int, int]] = []  # where each escape begins: (in the text, in the token)
        self._after: list[tuple[int, int]] = []  # where it ends

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """The frame's bytes that spell text[start:end]; whole escapes where it begins or ends inside one."""
        if not self._before:
            self._map()
        return self.start + self._to_token(start, round_up=False), self.start + self._to_token(end, round_up=True)

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
        """Notes where every escape stands on both sides; only texts with a hit pay for it."""
        shrunk = 0
        for escape in _escape.finditer(self._token):
            begin, end = escape.span()
            size = end - begin
            width = 1 if size == SIMPLE_ESCAPE_BYTES else len(_decode(escape.group()))
            self._before.append((begin - shrunk, begin))
            shrunk += size - width
            self._after.append((end - shrunk, end))


def _in_text(place: tuple[int, int]) -> int:
    return place[0]


def unfold(token: bytes, start: int) -> Unfolded:
    """`token`: the bytes between the quotes of a valid JSON string, which stand at `start` of the frame."""
    return Unfolded(token, start)


def _decode(token: bytes) -> bytes:
    text, _ = scanstring(token.decode("utf-8", "replace") + '"', 0)
    return text.encode("utf-8", "surrogatepass")  # type: ignore[no-any-return]
