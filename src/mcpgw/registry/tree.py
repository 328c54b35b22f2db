"""The wanted part of a config file's tree: each value with the place of its bytes, whatever the syntax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcpgw.errors import ConfigFault

EACH = None  # in a path: every key of this object
Path = tuple[str | None, ...]

BOM = b"\xef\xbb\xbf"
MEND = "Mend the file (its client cannot read it like this either) and run it again."


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
    """The bytes `start:end` of one value; `members` only for an object that is looked into.

    A TOML table lies in pieces: its span goes from the first to the last of them, and others' pieces may lie between;
    an array of tables has an empty span.  parsed: the value, in TOML.
    """

    start: int
    end: int
    members: tuple[Member, ...] | None = None
    parsed: Any = field(default=None, compare=False)

    def member(self, key: str) -> Member | None:
        return next((member for member in self.members or () if member.key == key), None)


@dataclass(frozen=True, slots=True)
class Member:
    """A key and its value.

    start: of the key, with its quote and, in TOML, with the dotted keys or the header that it is written behind.
    statement: it is a TOML statement of its own, not a part of an inline table.
    """

    key: str
    start: int
    value: Node
    statement: bool = False


def shape_of(containers: Iterable[Path], each_entry: Shape) -> Shape:
    """The shape that opens every container, and in each of its members `each_entry`."""
    root = Shape()
    for path in containers:
        root = _with_container(root, path, each_entry)
    return root


def place(content: bytes, offset: int) -> str:
    """`line:column` of a byte offset, both from 1, the column in characters."""
    line_start = content.rfind(b"\n", 0, offset) + 1
    column = len(content[line_start:offset].decode("utf-8", "replace")) + 1
    return f"{content.count(bytes([10]), 0, offset) + 1}:{column}"


def fault_at(path: str, content: bytes, offset: int, why: str, next_step: str = MEND) -> ConfigFault:
    """The error of one place; `why` quotes nothing of the contents, which may be a secret."""
    return ConfigFault(f"{path}:{place(content, offset)}: {why}", next_step)


def _with_container(shape: Shape, path: Path, each_entry: Shape) -> Shape:
    if not path:
        return Shape(shape.keys, each_entry)
    head, rest = path[0], path[1:]
    if head is EACH:
        return Shape(shape.keys, _with_container(shape.every or Shape(), rest, each_entry))
    below = shape.keys.get(head) or Shape()
    return Shape({**shape.keys, head: _with_container(below, rest, each_entry)}, shape.every)
