"""How a file lays out its members, so that a new one looks like its neighbours."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcpgw.registry.document import Document, Member, Node, Syntax
from mcpgw.registry.toml_reader import key_parts

_WHITESPACE = b" \t\r\n"
_JSON_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_BREAK = re.compile(rb"\r?\n[ \t]*")
_INDENT = re.compile(rb"[ \t]*")
# Nobody sets a key off by more; a bound keeps long runs of space from being read again and again.
_LONGEST_SPACE = 400


@dataclass(frozen=True, slots=True)
class Style:
    """What stands before a key, a line break or a space, and between it and its value."""

    space: bytes
    colon: bytes


def style_of(document: Document, member: Member) -> Style:
    """The style of a member, for another one behind it."""
    return Style(last_break(space_before(document, member)) or gap(document, member), colon_of(document, member))


def style_below(document: Document, node: Node) -> Style:
    """The style of a first member in the object `node`, after that of the whole file."""
    if not document.root.members:
        return Style(b"\n  ", b": ")
    first = document.root.members[0]
    deeper = last_break(space_before(document, first))
    here = indent_of(document, node.start)
    line_end = deeper[: deeper.find(b"\n") + 1]
    return Style(line_end + here + deeper[len(line_end) :], colon_of(document, first))


def space_before(document: Document, member: Member) -> bytes:
    before = document.content[max(0, member.start - _LONGEST_SPACE) : member.start]
    return before[len(before.rstrip(_WHITESPACE)) :]


def colon_of(document: Document, member: Member) -> bytes:
    """What stands between the key and the value, without a comment."""
    between = document.content[key_end(document, member) : member.value.start]
    return between if between.strip(_WHITESPACE) in (b":", b"=") else b": "


def key_end(document: Document, member: Member) -> int:
    written = document.content[member.start : member.value.start]
    if document.syntax is Syntax.TOML:
        return member.start + key_parts(written)[-1].end
    match = _JSON_STRING.match(written)
    return member.start + (match.end() if match else 0)


def gap(document: Document, member: Member) -> bytes:
    """A space, unless the file is minified."""
    return b" " if document.content[member.value.start - 1 : member.value.start].isspace() else b""


def last_break(space: bytes) -> bytes:
    """The last line break in `space` and the indentation behind it; empty where all is on one line."""
    breaks = _BREAK.findall(space)
    return breaks[-1] if breaks else b""


def indent_of(document: Document, offset: int) -> bytes:
    """The indentation of the line in which `offset` lies."""
    match = _INDENT.match(document.content, document.content.rfind(b"\n", 0, offset) + 1, offset)
    return match[0] if match else b""


def indented(value: bytes, space: bytes) -> bytes:
    """JSON text whose lines go on at the depth of `space`; all on one line where that has no line break."""
    lines = value.splitlines()
    if b"\n" not in space:
        return b" ".join(line.strip() for line in lines)
    depth = len(lines[-1]) - len(lines[-1].lstrip(b" \t"))
    return space.join([lines[0], *(_dedented(line, depth) for line in lines[1:])])


def _dedented(line: bytes, depth: int) -> bytes:
    return line[min(depth, len(line) - len(line.lstrip(b" \t"))) :]
