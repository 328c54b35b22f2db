"""Finds the JSON pointer (RFC 6901) of places in a frame: one pass over its tokens, and no tree."""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]

from mcpgw.protocol.content import segment
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_token = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
string_token = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)


class Place(NamedTuple):
    """A scalar of the frame. start, end: its bytes, without the quotes.  is_key: it names a member."""

    pointer: str
    start: int
    end: int
    is_string: bool
    is_key: bool


def locate(raw: bytes, offsets: list[int]) -> dict[int, Place]:
    """The scalar around each of `offsets` (ascending). Offsets between scalars are left out. raw: valid JSON."""
    places: dict[int, Place] = {}
    wanted = iter(offsets)
    offset = next(wanted, None)
    for start, end, path, is_key in _scalars(raw):
        while offset is not None and offset < end:
            if offset >= start:
                is_string = raw[start : start + 1] == b'"'
                inset = 1 if is_string else 0
                places[offset] = Place(_pointer(path), start + inset, end - inset, is_string, is_key)
            offset = next(wanted, None)
        if offset is None:
            break
    return places


def find_places(raw: bytes, pointers: set[str]) -> dict[str, list[Place]]:
    """The values at `pointers` that are scalars; more than one where a key stands twice. raw: valid JSON."""
    tails = {pointer.rpartition("/")[2] for pointer in pointers}
    places: dict[str, list[Place]] = {}
    for start, end, path, is_key in _scalars(raw):
        if is_key or (path and _step(path[-1]) not in tails) or (pointer := _pointer(path)) not in pointers:
            continue
        is_string = raw[start : start + 1] == b'"'
        inset = 1 if is_string else 0
        places.setdefault(pointer, []).append(Place(pointer, start + inset, end - inset, is_string, False))
    return places


def _scalars(raw: bytes) -> Iterator[tuple[int, int, list[bytes | int], bool]]:
    """Each scalar with the path to it. The path is one list that goes on changing: use it at once."""
    path: list[bytes | int] = []
    in_object: list[bool] = []
    expects_key = False
    for match in _token.finditer(raw):
        token = match.group()
        match token:
            case b"{":
                in_object.append(True)
                path.append(b"")
                expects_key = True
            case b"[":
                in_object.append(False)
                path.append(0)
                expects_key = False
            case b"}" | b"]":
                in_object.pop()
                path.pop()
                expects_key = False
            case b",":
                expects_key = in_object[-1]
                last = path[-1]
                if isinstance(last, int):
                    path[-1] = last + 1
            case b":":
                expects_key = False
            case _:
                if expects_key:
                    path[-1] = token
                yield match.start(), match.end(), path, expects_key


def _pointer(path: list[bytes | int]) -> str:
    return "".join(["/" + _step(step) for step in path])


def _step(step: bytes | int) -> str:
    return str(step) if isinstance(step, int) else segment(scanstring(step.decode("utf-8", "replace"), 1)[0])
