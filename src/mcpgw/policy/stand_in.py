"""What is put in a secret's place: a placeholder, else something of its shape or of the form that a schema asks for.

Nothing of the secret is in a stand-in but its length and, letter by letter, whether it was a digit.
"""

from __future__ import annotations

import re

from mcpgw.policy.formats import FORMATS
from mcpgw.policy.shape import Unsupported, read
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    Edits = list[tuple[int, int, bytes]]

_upper = re.compile(rb"[A-Z]")
_lower = re.compile(rb"[a-z]")
_digit = re.compile(rb"[0-9]")
_wide = re.compile(rb"[\xc0-\xff][\x80-\xbf]*")  # a letter outside ASCII, in UTF-8


class Secret(NamedTuple):
    """A secret in a scalar. start, end: its place in the scalar's decoded UTF-8 text."""

    start: int
    end: int
    placeholder: bytes


def shape(text: bytes) -> bytes:
    """Digits become 0, letters X or x; what is left tells a date from a number and a number from a name."""
    return _digit.sub(b"0", _lower.sub(b"x", _upper.sub(b"X", _wide.sub(b"x", text))))


def in_number(text: bytes) -> bytes:
    """For a number, or the part of one that is the secret: digits of the same length that begin with 1."""
    return _digit.sub(b"1", _digit.sub(b"0", text), count=1)


def for_string(text: bytes, secrets: Sequence[Secret], wishes: list[tuple[str, Any]]) -> Iterator[Edits]:
    """Edits of a string, the most telling first. wishes: what its schema asked of the ones before; filled meanwhile."""
    yield [(one.start, one.end, one.placeholder) for one in secrets]
    yield [(one.start, one.end, shape(text[one.start : one.end])) for one in secrets]
    for keyword, wanted in list(wishes):
        sample = _sample(keyword, wanted, len(text.decode("utf-8", "replace")))
        if sample is not None:
            yield [(0, len(text), sample)]


def for_number(text: bytes, secrets: Sequence[Secret], wishes: list[tuple[str, Any]]) -> Iterator[Edits]:
    """Edits of a number, in the same way."""
    yield [(one.start, one.end, in_number(text[one.start : one.end])) for one in secrets]
    for keyword, bound in list(wishes):
        if keyword in _NEAREST and type(bound) is int:
            yield [(0, len(text), str(bound + _NEAREST[keyword]).encode())]
    yield [(0, len(text), b"0")]


_NEAREST = {"minimum": 0, "maximum": 0, "exclusiveMinimum": 1, "exclusiveMaximum": -1, "multipleOf": 0}


def _sample(keyword: str, wanted: Any, length: int) -> bytes | None:
    if keyword == "format":
        return FORMATS[wanted].sample.encode()
    if keyword == "pattern":
        try:
            return read(wanted).sample(length).encode()
        except Unsupported:
            return None
    return None
