"""Finds the JSON pointer (RFC 6901) of places in a frame: one pass over its tokens, and no tree."""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]

from mcpgw.expressions import expression
from mcpgw.protocol import plain
from mcpgw.protocol.content import segment
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mcpgw.protocol.plain import Scalar

string_token = expression(rb'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_token = expression(rb'"[^"]*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')  # where no quote stands in a string
_quick_scalars = plain.scalars


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
    names: dict[bytes, str] = {}
    wanted = iter(offsets)
    offset = next(wanted, None)
    for scalar in _asked(raw, offsets):
        place = _place(raw, scalar, names)
        while offset is not None and offset < scalar[1]:
            if offset >= scalar[0]:
                places[offset] = place
            offset = next(wanted, None)
    return places


def find_places(raw: bytes, pointers: set[str]) -> dict[str, list[Place]]:
    """The values at `pointers` that are scalars; more than one where a key stands twice. raw: valid JSON."""
    last: set[bytes | int] = set()
    for pointer in pointers:
        name = pointer.rpartition("/")[2]
        last.add(name.replace("~1", "/").replace("~0", "~").encode("utf-8", "surrogatepass"))
        if name.isdecimal():
            last.add(int(name))
    places: dict[str, list[Place]] = {}
    names: dict[bytes, str] = {}
    for scalar in _asked(raw, last):
        place = _place(raw, scalar, names)
        if place.pointer in pointers:
            places.setdefault(place.pointer, []).append(place)
    return places


def _asked(raw: bytes, wanted: list[int] | set[bytes | int]) -> Iterable[Scalar]:
    quick = _quick_scalars(raw, wanted) if _quick_scalars is not None else None
    return thorough_scalars(raw, wanted) if quick is None else quick


def thorough_scalars(raw: bytes, wanted: list[int] | set[bytes | int]) -> Iterator[Scalar]:
    """Scalars of valid JSON: around each of ascending offsets, or values whose last step is in a set or has escapes."""
    offsets = iter(wanted if isinstance(wanted, list) else ())
    offset = next(offsets, None)
    for start, end, is_key, path in _scalars(raw):
        if isinstance(wanted, list):
            asked = False
            while offset is not None and offset < end:
                asked = asked or offset >= start
                offset = next(offsets, None)
        else:
            last = path[-1] if path else b"\\"
            asked = not is_key and (last in wanted if isinstance(last, int) else b"\\" in last or last[1:-1] in wanted)
        if asked:
            yield start, end, is_key, tuple(path)
        if isinstance(wanted, list) and offset is None:
            return


def _scalars(raw: bytes) -> Iterator[tuple[int, int, bool, list[bytes | int]]]:
    """Each scalar with the path to it. The path is one list that goes on changing: use it at once."""
    path: list[bytes | int] = []
    in_object: list[bool] = []
    expects_key = False
    for match in _token.finditer(raw.replace(rb"\\", b"  ").replace(rb"\"", b"  ")):
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
                    path[-1] = raw[match.start() : match.end()]
                yield match.start(), match.end(), expects_key, path


def _place(raw: bytes, scalar: Scalar, names: dict[bytes, str]) -> Place:
    """names: keys that were read already."""
    start, end, is_key, path = scalar
    is_string = raw[start : start + 1] == b'"'
    inset = 1 if is_string else 0
    pointer = "".join(["/" + (str(step) if isinstance(step, int) else _name(step, names)) for step in path])
    return Place(pointer, start + inset, end - inset, is_string, is_key)


def _name(token: bytes, names: dict[bytes, str]) -> str:
    name = names.get(token)
    if name is None:
        name = names[token] = segment(scanstring(token.decode("utf-8", "replace"), 1)[0])
    return name
