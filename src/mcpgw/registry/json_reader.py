"""Strict JSON, read once with the C scanner of `json`; what is not wanted is checked and thrown away, not kept.

Offsets are byte offsets: the text is the bytes read as Latin-1, so one character is one byte.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from mcpgw.registry.comments import strict
from mcpgw.registry.tree import BOM, Member, Node, Shape, fault_at

_SPACE = re.compile(r"[ \t\n\r]*+")
_TRAILING_COMMA = "a comma stands before the closing bracket"


def read_json(content: bytes, shape: Shape, path: str, *, comments: bool) -> Node:
    """The root of a JSON file, or of a JSONC file with `comments`. Raises ConfigFault with its place."""
    text = content.decode("latin-1")
    reader = _Reader(content, strict(text) if comments else text, path, comments)
    start = reader.space(len(BOM) if content.startswith(BOM) else 0)
    root = reader.value(start, shape)
    end = reader.space(root.end)
    if end != len(text):
        reader.refuse(end, "there is text behind the end of the JSON value")
    if root.members is None:
        reader.refuse(start, "the file does not hold a JSON object")
    return root


def json_value(raw: bytes, *, comments: bool) -> Any:
    """The value of one text, numbers as floats (no config field of ours is one)."""
    if comments:
        raw = strict(raw.decode("latin-1")).encode("latin-1")
    return _PARSER.decode(raw.decode("utf-8", "replace"))


def json_spans(raw: bytes, *, comments: bool) -> list[tuple[int, int]]:
    """Where the elements of an array lie that was read before; none for any other value."""
    text = raw.decode("latin-1")
    reader = _Reader(raw, strict(text) if comments else text, "", comments)
    found: list[tuple[int, int]] = []
    at = reader.space(1) if text.startswith("[") else len(text)
    while reader.text[at : at + 1] not in ("]", ""):
        end = reader.skip(at)
        found.append((at, end))
        at = reader.space(end)
        if reader.text[at] == ",":
            at = reader.space(at + 1)
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


# Floats, because Python refuses integers of more than 4,300 digits.
_PARSER = json.JSONDecoder(parse_int=float, parse_constant=_refuse_constant)
# An object that is skipped becomes the number of its members, as soon as it is read: a history is never held whole.
_SKIPPER = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=_refuse_constant, object_pairs_hook=len)


@dataclass(frozen=True, slots=True)
class _Reader:
    content: bytes
    text: str
    path: str
    comments: bool

    def refuse(self, at: int, why: str) -> NoReturn:
        raise fault_at(self.path, self.content, at, why)

    def space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def skip(self, at: int) -> int:
        """The end of the value at `at`, which is checked and thrown away."""
        try:
            return _SKIPPER.raw_decode(self.text, at)[1]
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
        if self.text.startswith(("//", "/*", "#"), ahead):
            return self.comment_fault(ahead)
        behind = self.text[max(0, at - 200) : at + 1].rstrip(" \t\n\r]}")
        closes = self.text[ahead : ahead + 1] in ("]", "}") or self.text[at] == ","
        if closes and behind.endswith(",") and not self.comments:
            return _TRAILING_COMMA
        return "this is not valid JSON"

    def comment_fault(self, at: int) -> str:
        if not self.comments:
            return "comments are not allowed in this file"
        return "only // and /* */ comments are allowed" if self.text[at] == "#" else "a comment is not closed"

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
        raw = self.content[at:end]
        key = str(json_value(raw, comments=False)) if b"\\" in raw else raw[1:-1].decode("utf-8", "replace")
        colon = self.space(end)
        if self.text[colon : colon + 1] != ":":
            self.refuse(colon, self.cause(colon))
        return Member(key, at, self.value(self.space(colon + 1), shape.below(key)))

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
