"""A config file is read once, strictly, with the place of every wanted key; what is not wanted is skipped, not kept.

Strict JSON only: no comments, no trailing commas, UTF-8 with or without a byte-order mark. Offsets are byte offsets.
The text is the bytes read as Latin-1, so one character is one byte and the C scanner of `json` can do the skipping.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn

from mcpgw.errors import ConfigFault

EACH = None  # in a path: every key of this object
Path = tuple[str | None, ...]

_BOM = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_SPACE = re.compile(r"[ \t\n\r]*")
_TRAILING_COMMA = "a comma stands before the closing bracket"
_MEND = "Mend the file (its client cannot read it like this either) and run it again."


class Syntax(StrEnum):
    """What a config file is written in. JSONC: JSON with comments and trailing commas."""

    JSON = "json"
    JSONC = "jsonc"
    TOML = "toml"


@dataclass(frozen=True, slots=True)
class Shape:
    """Which members of an object are looked into: `keys` by name, `every` for all others; None means a leaf.

    A key that `keys` or `every` names may not occur twice; elsewhere duplicates pass, as they do in the client.
    """

    keys: Mapping[str, Shape | None] = field(default_factory=dict)
    every: Shape | None = None

    def wants(self, key: str) -> bool:
        return key in self.keys or self.every is not None

    def below(self, key: str) -> Shape | None:
        return self.keys.get(key, self.every)


@dataclass(frozen=True, slots=True)
class Node:
    """The bytes `start:end` of one value; `members` only for an object that the shape looks into."""

    start: int
    end: int
    members: tuple[Member, ...] | None = None

    def member(self, key: str) -> Member | None:
        return next((member for member in self.members or () if member.key == key), None)


@dataclass(frozen=True, slots=True)
class Member:
    """A key (its opening quote is at `start`) and its value."""

    key: str
    start: int
    value: Node


@dataclass(frozen=True, slots=True)
class Document:
    """A config file as read: its path (for messages), its bytes and the wanted part of its tree."""

    path: str
    content: bytes
    root: Node

    def raw(self, node: Node) -> bytes:
        return self.content[node.start : node.end]

    def value(self, node: Node) -> Any:
        """The parsed value; bytes that are not UTF-8 read as U+FFFD, as the clients read them."""
        return parsed(self.raw(node))

    def find(self, path: Path) -> Iterator[tuple[str | None, Node]]:
        """Each node at `path` with the key that stood for EACH. A missing or null one is left out.

        Raises ConfigFault where something on the path is not an object.
        """
        yield from _find(self, self.root, path, None)


def shape_of(containers: Iterable[Path], each_entry: Shape) -> Shape:
    """The shape that opens every container, and in each of its members `each_entry`."""
    root = Shape()
    for path in containers:
        root = _with_container(root, path, each_entry)
    return root


def read_document(content: bytes, shape: Shape, *, path: str) -> Document:
    """Reads a whole file. Raises ConfigFault with file:line:column when it is not what its client takes."""
    _refuse_encodings(content, path)
    text = content.decode("latin-1")
    reader = _Reader(content, text, path)
    start = reader.space(len(_BOM) if content.startswith(_BOM) else 0)
    root = reader.value(start, shape)
    end = reader.space(root.end)
    if end != len(text):
        reader.refuse(end, "there is text behind the end of the JSON value")
    if root.members is None:
        reader.refuse(start, "the file does not hold a JSON object")
    return Document(path, content, root)


def elements(document: Document, node: Node) -> tuple[Node, ...]:
    """The elements of an array that has been read before; empty for any other value."""
    text = document.raw(node).decode("latin-1")
    reader = _Reader(document.content, text, document.path)
    if not text.startswith("["):
        return ()
    found: list[Node] = []
    at = reader.space(1)
    while text[at] != "]":
        end = reader.skip(at)
        found.append(Node(node.start + at, node.start + end))
        at = reader.space(end)
        if text[at] == ",":
            at = reader.space(at + 1)
    return tuple(found)


def parsed(raw: bytes) -> Any:
    """The value of one JSON text, numbers as floats (no config field of ours is one)."""
    return _DECODER.decode(raw.decode("utf-8", "replace"))


def place(content: bytes, offset: int) -> str:
    """`line:column` of a byte offset, both from 1, the column in characters."""
    line_start = content.rfind(b"\n", 0, offset) + 1
    column = len(content[line_start:offset].decode("utf-8", "replace")) + 1
    return f"{content.count(bytes([10]), 0, offset) + 1}:{column}"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


# Floats, because Python refuses integers of more than 4,300 digits, and a skipped number's value does not matter.
_DECODER = json.JSONDecoder(parse_int=float, parse_constant=_refuse_constant)


@dataclass(frozen=True, slots=True)
class _Reader:
    content: bytes
    text: str
    path: str

    def refuse(self, at: int, why: str) -> NoReturn:
        raise ConfigFault(f"{self.path}:{place(self.content, at)}: {why}", _MEND)

    def space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def skip(self, at: int) -> int:
        """The end of the value at `at`, which is checked and thrown away."""
        try:
            return _DECODER.raw_decode(self.text, at)[1]
        except json.JSONDecodeError as error:
            self.refuse(error.pos, self.cause(error.pos))
        except RecursionError:
            self.refuse(at, "the JSON is nested too deeply")
        except ValueError as error:
            self.refuse(at, str(error))

    def cause(self, at: int) -> str:
        """Why the JSON breaks at `at`, without quoting any of it."""
        if at >= len(self.text):
            return "the JSON ends too early"
        ahead = self.space(at)
        if self.text.startswith(("//", "/*"), ahead) or self.text.startswith("#", ahead):
            return "comments are not allowed in this file"
        behind = self.text[max(0, at - 200) : at + 1].rstrip(" \t\n\r]}")
        closes = self.text[ahead : ahead + 1] in ("]", "}") or self.text[at] == ","
        if closes and behind.endswith(","):
            return _TRAILING_COMMA
        return "this is not valid JSON"

    def value(self, at: int, shape: Shape | None) -> Node:
        if shape is None or self.text[at : at + 1] != "{":
            return Node(at, self.skip(at))
        start, at = at, self.space(at + 1)
        members: list[Member] = []
        seen: set[str] = set()
        while self.text[at : at + 1] != "}":
            member = self.member(at, shape)
            if member.key in seen and shape.wants(member.key):
                self.refuse(at, "the same key stands here twice")
            seen.add(member.key)
            members.append(member)
            at = self.separator(self.space(member.value.end))
        return Node(start, at + 1, tuple(members))

    def member(self, at: int, shape: Shape) -> Member:
        if self.text[at : at + 1] != '"':
            self.refuse(at, self.cause(at))
        end = self.skip(at)
        key = str(parsed(self.content[at:end])) if "\\" in self.text[at:end] else self.plain(at, end)
        colon = self.space(end)
        if self.text[colon : colon + 1] != ":":
            self.refuse(colon, self.cause(colon))
        return Member(key, at, self.value(self.space(colon + 1), shape.below(key)))

    def plain(self, at: int, end: int) -> str:
        return self.content[at + 1 : end - 1].decode("utf-8", "replace")

    def separator(self, at: int) -> int:
        """The start of the next key, or of the closing brace."""
        if self.text[at : at + 1] == "}":
            return at
        if self.text[at : at + 1] != ",":
            self.refuse(at, self.cause(at))
        following = self.space(at + 1)
        if self.text[following : following + 1] == "}":
            self.refuse(at, _TRAILING_COMMA)
        return following


def _refuse_encodings(content: bytes, path: str) -> None:
    if not content.strip():
        raise ConfigFault(f"{path}:1:1: the file is empty", _MEND)
    if content.startswith(_UTF16_MARKS):
        raise ConfigFault(f"{path}:1:1: the file is UTF-16; only UTF-8 is read", "Save it as UTF-8.")
    zero = content.find(b"\0")
    if zero >= 0:
        raise ConfigFault(f"{path}:{place(content, zero)}: there is a NUL byte in the file", _MEND)


def _with_container(shape: Shape, path: Path, each_entry: Shape) -> Shape:
    if not path:
        return Shape(shape.keys, each_entry)
    head, rest = path[0], path[1:]
    if head is EACH:
        return Shape(shape.keys, _with_container(shape.every or Shape(), rest, each_entry))
    below = shape.keys.get(head) or Shape()
    return Shape({**shape.keys, head: _with_container(below, rest, each_entry)}, shape.every)


def _find(document: Document, node: Node, path: Path, matched: str | None) -> Iterator[tuple[str | None, Node]]:
    if document.raw(node) == b"null":
        return
    if node.members is None:
        where = f"{document.path}:{place(document.content, node.start)}"
        raise ConfigFault(f"{where}: an object is expected here (servers by name)", _MEND)
    if not path:
        yield matched, node
        return
    for member in node.members:
        if path[0] is EACH:
            yield from _find(document, member.value, path[1:], member.key)
        elif member.key == path[0]:
            yield from _find(document, member.value, path[1:], matched)
