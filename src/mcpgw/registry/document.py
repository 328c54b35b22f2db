"""A config file is read once, with the place of every wanted key; the bytes stay the only copy of what it holds.

UTF-8 with or without a byte-order mark, in JSON, JSONC or TOML. Offsets are byte offsets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mcpgw.errors import ConfigFault
from mcpgw.registry.comments import without_comments, without_toml_comments
from mcpgw.registry.json_reader import json_spans, json_value, read_json
from mcpgw.registry.toml_reader import read_toml, toml_spans
from mcpgw.registry.tree import EACH, MEND, Member, Node, Path, Shape, fault_at, place, shape_of

__all__ = [
    "EACH",
    "Document",
    "Member",
    "Node",
    "Path",
    "Shape",
    "Syntax",
    "elements",
    "place",
    "read_document",
    "shape_of",
]

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_NULL = b"null"


class Syntax(StrEnum):
    """What a config file is written in. JSONC: JSON with comments and trailing commas."""

    JSON = "json"
    JSONC = "jsonc"
    TOML = "toml"


@dataclass(frozen=True, slots=True)
class Document:
    """A config file as read: its path (for messages), its bytes and the wanted part of its tree."""

    path: str
    content: bytes
    root: Node
    syntax: Syntax = Syntax.JSON

    def raw(self, node: Node) -> bytes:
        return self.content[node.start : node.end]

    def value(self, node: Node) -> Any:
        """The parsed value; bytes that are not UTF-8 read as U+FFFD, as the clients of JSON files read them."""
        if self.syntax is Syntax.TOML:
            return node.parsed
        return json_value(self.raw(node), comments=self.syntax is Syntax.JSONC)

    def bare(self, start: int, end: int) -> bytes:
        """The bytes `start:end`, which do not begin inside a string or comment, with spaces for comments."""
        raw = self.content[start:end]
        match self.syntax:
            case Syntax.JSON:
                return raw
            case Syntax.JSONC:
                return without_comments(raw.decode("latin-1")).encode("latin-1")
            case Syntax.TOML:
                return without_toml_comments(raw.decode("latin-1")).encode("latin-1")

    def text(self, value: str) -> bytes:
        """`value` as a string of this file. Raises ConfigFault where the syntax cannot hold it."""
        written = json.dumps(value, ensure_ascii=False)
        if self.syntax is not Syntax.TOML:
            # A path that is not valid Unicode holds lone surrogates; `\udcXX` is how JSON writes them.
            return written.encode("utf-8", "backslashreplace")
        try:
            return written.replace("\x7f", "\\u007f").encode()
        except UnicodeEncodeError as error:
            raise ConfigFault(
                f"{self.path}: a path that is not valid Unicode cannot stand in a TOML file",
                "Give it a name that is valid Unicode.",
            ) from error

    def find(self, path: Path) -> Iterator[tuple[str | None, Node]]:
        """Each node at `path` with the key that stood for EACH. A missing or null one is left out.

        Raises ConfigFault where something on the path is not an object.
        """
        yield from _find(self, self.root, path, None)


def read_document(content: bytes, shape: Shape, *, path: str, syntax: Syntax = Syntax.JSON) -> Document:
    """Reads a whole file. Raises ConfigFault with file:line:column when it is not what its client takes."""
    _refuse_encodings(content, path, syntax)
    if syntax is Syntax.TOML:
        root = read_toml(content, path)
    else:
        root = read_json(content, shape, path, comments=syntax is Syntax.JSONC)
    return Document(path, content, root, syntax)


def elements(document: Document, node: Node) -> tuple[Node, ...]:
    """The elements of an array that has been read before; empty for any other value."""
    raw = document.raw(node)
    if document.syntax is Syntax.TOML:
        spans = toml_spans(raw)
        values = node.parsed if spans else ()
        return tuple(
            Node(node.start + start, node.start + end, None, value)
            for (start, end), value in zip(spans, values, strict=True)
        )
    found = json_spans(raw, comments=document.syntax is Syntax.JSONC)
    return tuple(Node(node.start + start, node.start + end) for start, end in found)


def _refuse_encodings(content: bytes, path: str, syntax: Syntax) -> None:
    # An empty TOML file is a table without keys.
    if syntax is not Syntax.TOML and (not content or content.isspace()):
        raise ConfigFault(f"{path}:1:1: the file is empty", MEND)
    if content.startswith(_UTF16_MARKS):
        raise ConfigFault(f"{path}:1:1: the file is UTF-16; only UTF-8 is read", "Save it as UTF-8.")
    zero = content.find(b"\0")
    if zero >= 0:
        raise fault_at(path, content, zero, "there is a NUL byte in the file")


def _find(document: Document, node: Node, path: Path, matched: str | None) -> Iterator[tuple[str | None, Node]]:
    if node.end - node.start == len(_NULL) and document.raw(node) == _NULL:
        return
    if node.members is None:
        raise fault_at(document.path, document.content, node.start, "an object is expected here (servers by name)")
    if not path:
        yield matched, node
        return
    for member in node.members:
        if path[0] is EACH:
            yield from _find(document, member.value, path[1:], member.key)
        elif member.key == path[0]:
            yield from _find(document, member.value, path[1:], matched)
