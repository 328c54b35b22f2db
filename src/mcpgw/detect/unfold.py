"""Decodes one JSON string token and keeps the way back, so that a hit in the decoded text finds its raw bytes."""

from __future__ import annotations

from bisect import bisect_right

from mcpgw.detect.view import ESCAPE, decode, origins, said

LONGEST_ESCAPE_BYTES = 12
# From each of these stretches of a token it is known where it begins in the text; a look at one finds a place in it.
STRETCH_BYTES = 2048


class Unfolded:
    """A decoded string token. text: what it says, in UTF-8.  start: the place of its first letter in the frame."""

    __slots__ = ("_in_text", "_in_token", "_token", "start", "text")

    def __init__(self, token: bytes, start: int) -> None:
        self.text = decode(token)
        self.start = start
        self._token = token
        self._in_token = [0]  # where each stretch begins; filled when first asked for
        self._in_text = [0]

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """The frame's bytes that spell text[start:end]; whole escapes where it begins or ends inside one."""
        first, last = whole_letters(self._token, self._to_token(start), self._to_token(end))
        return self.start + first, self.start + last

    def text_span(self, start: int, end: int) -> tuple[int, int]:
        """The way back: the place in `text` of the frame's bytes start..end, which hold whole escapes."""
        return self._to_text(start - self.start), self._to_text(end - self.start)

    def _to_text(self, offset: int) -> int:
        self._map()
        index = bisect_right(self._in_token, offset) - 1
        return self._in_text[index] + len(said(self._token[self._in_token[index] : offset]))

    def _to_token(self, offset: int) -> int:
        """An offset in the text as one in the token; of one inside what an escape says, inside that escape."""
        self._map()
        index = bisect_right(self._in_text, offset) - 1
        begin = self._in_token[index]
        stretch = self._token[begin : begin + STRETCH_BYTES + LONGEST_ESCAPE_BYTES]
        return begin + origins(stretch, [offset - self._in_text[index]])[0]

    def _map(self) -> None:
        """Notes, once, where the stretches begin on both sides; only texts with a hit pay for it."""
        while (end := self._in_token[-1] + STRETCH_BYTES) < len(self._token):
            _, end = whole_letters(self._token, end, end)
            self._in_text.append(self._in_text[-1] + len(said(self._token[self._in_token[-1] : end])))
            self._in_token.append(end)


def unfold(token: bytes, start: int) -> Unfolded:
    """`token`: the bytes between the quotes of a valid JSON string, which stand at `start` of the frame."""
    return Unfolded(token, start)


def whole_letters(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """start..end, inside one string of the frame `raw`, widened to the escapes and UTF-8 letters that it cuts."""
    while 0 < start < len(raw) and raw[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(raw) and raw[end] & 0xC0 == 0x80:
        end += 1
    first = max(0, start - 2 * LONGEST_ESCAPE_BYTES)
    if b"\\" not in raw[first:end]:
        return start, end
    while first and raw[first - 1 : first] == b"\\":
        first -= 1  # else the second half of an escaped backslash would be taken for the first
    for escape in ESCAPE.finditer(raw, first, end + LONGEST_ESCAPE_BYTES):
        begin, stop = escape.span()
        if begin < start < stop:
            start = begin
        if begin < end < stop:
            end = stop
    return start, end
