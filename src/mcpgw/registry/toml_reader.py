"""`tomllib` judges a TOML file and parses it; this module finds where each value stands, and trusts the syntax.

Offsets are byte offsets: the text is the bytes read as Latin-1, so one character is one byte.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mcpgw.errors import ConfigFault
from mcpgw.registry.comments import TOML_STRING
from mcpgw.registry.tree import BOM, MEND, Member, Node, fault_at

_STRING = re.compile(TOML_STRING, re.DOTALL)
_SCALAR = re.compile(r"[^,\]}#\r\n]*[^,\]}#\s]", re.ASCII)
_TOKEN = re.compile(rf"{TOML_STRING}|#[^\n]*+|[\[{{]|[\]}}]|[^\"'#\[\]{{}}]++", re.DOTALL)
_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_SPACE = re.compile(r"[ \t]*+")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ERROR_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
_TWICE = re.compile(r"twice|Duplicate|overwrite|mutate")


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One part of a dotted key, and where it is written."""

    key: str
    start: int
    end: int


def read_toml(content: bytes, path: str) -> Node:
    """The root table, with all tables below it opened. Raises ConfigFault with the place."""
    value = _judged(content, path)
    head = len(BOM) if content.startswith(BOM) else 0
    root = _Scanner(content.decode("latin-1")).document(head)
    return _frozen(root, value)


def toml_spans(raw: bytes) -> list[tuple[int, int]]:
    """Where the elements of an array lie that was read before; none for any other value."""
    text = raw.decode("latin-1")
    return list(_Scanner(text).elements(0)) if text.startswith("[") else []


def key_parts(raw: bytes) -> tuple[KeyPart, ...]:
    """The parts of the dotted key that a statement begins with."""
    return _Scanner(raw.decode("latin-1")).key(0)


def _judged(content: bytes, path: str) -> dict[str, Any]:
    try:
        text = content.removeprefix(BOM).decode()
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        at = error.start + len(content) - len(content.removeprefix(BOM))
        raise fault_at(path, content, at, "this byte is not UTF-8", "Save it as UTF-8.") from error
    except RecursionError as error:
        raise fault_at(path, content, 0, "the TOML is nested too deeply") from error
    except ValueError as error:
        raise _fault(content, path, str(error)) from error


def _fault(content: bytes, path: str, message: str) -> ConfigFault:
    """The parser's message may quote keys, so only its place and kind are passed on."""
    why = "the same key stands here twice" if _TWICE.search(message) else "this is not valid TOML"
    found = _ERROR_PLACE.search(message)
    if found is None:
        return fault_at(path, content, len(content), "the TOML ends too early" if "end of" in message else why)
    line, column = int(found[1]), int(found[2])
    return ConfigFault(f"{path}:{line}:{column}: {why}", MEND)


@dataclass(slots=True)
class _Table:
    """A table that is still being found: its span so far and what is in it. repeated: an array of tables."""

    start: int
    end: int
    repeated: bool = False
    slots: dict[str, _Slot] = field(default_factory=dict)


@dataclass(slots=True)
class _Slot:
    start: int
    value: _Table | Node
    statement: bool


@dataclass(frozen=True, slots=True)
class _Scanner:
    text: str

    def document(self, at: int) -> _Table:
        root = current = _Table(at, len(self.text))
        at = self.blank(at)
        while at < len(self.text):
            if self.text[at] == "[":
                current, at = self.header(at, root)
            else:
                at = self.statement(at, current, statement=True)
            at = self.blank(at)
        return root

    def header(self, at: int, root: _Table) -> tuple[_Table, int]:
        """Opens `[a.b]` or `[[a.b]]`; what stands in one element of an array of tables is not told apart."""
        repeated = self.text.startswith("[[", at)
        parts = self.key(self.space(at + 2 if repeated else at + 1))
        end = self.text.index("]", parts[-1].end) + (2 if repeated else 1)
        table = _opened(root, parts, at, end)
        if repeated:
            table.repeated = True
            table.slots.clear()
        return table, end

    def statement(self, at: int, table: _Table, *, statement: bool) -> int:
        """Takes in `key = value`; returns its end."""
        parts = self.key(at)
        start = self.space(self.text.index("=", parts[-1].end) + 1)
        end = self.value_end(start)
        owner = _opened(table, parts[:-1], at, end)
        value = self.inline(start, end) if self.text[start] == "{" else Node(start, end)
        owner.slots[parts[-1].key] = _Slot(at, value, statement)
        owner.end = max(owner.end, end)
        return end

    def inline(self, start: int, end: int) -> _Table:
        table = _Table(start, end)
        at = self.blank(start + 1)
        while self.text[at] != "}":
            at = self.following(self.statement(at, table, statement=False))
        return table

    def elements(self, start: int) -> Iterator[tuple[int, int]]:
        at = self.blank(start + 1)
        while self.text[at] != "]":
            end = self.value_end(at)
            yield at, end
            at = self.following(end)

    def following(self, end: int) -> int:
        """The start of what stands behind a value, the comma passed over."""
        at = self.blank(end)
        return self.blank(at + 1) if self.text[at] == "," else at

    def value_end(self, at: int) -> int:
        if self.text[at] in "[{":
            return self.bracket_end(at)
        match = _STRING.match(self.text, at) or _SCALAR.match(self.text, at)
        return match.end() if match else at

    def bracket_end(self, at: int) -> int:
        depth = 0
        for token in _TOKEN.finditer(self.text, at):
            depth += (token[0] in "[{") - (token[0] in "]}")
            if depth == 0:
                return token.end()
        return len(self.text)

    def key(self, at: int) -> tuple[KeyPart, ...]:
        parts: list[KeyPart] = []
        while True:
            match = _STRING.match(self.text, at) or _BARE_KEY.match(self.text, at)
            end = match.end() if match else at
            parts.append(KeyPart(_key_text(self.text[at:end]), at, end))
            at = self.space(end)
            if self.text[at : at + 1] != ".":
                return tuple(parts)
            at = self.space(at + 1)

    def blank(self, at: int) -> int:
        match = _BLANK.match(self.text, at)
        return match.end() if match else at

    def space(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at


def _opened(table: _Table, parts: tuple[KeyPart, ...], start: int, end: int) -> _Table:
    """The table that the parts lead to; those on the way are made and reach to `end`."""
    for part in parts:
        slot = table.slots.setdefault(part.key, _Slot(start, _Table(start, end), statement=True))
        table.end = max(table.end, end)
        assert isinstance(slot.value, _Table), "tomllib takes no value for a table"
        table = slot.value
    table.end = max(table.end, end)
    return table


def _key_text(written: str) -> str:
    raw = written.encode("latin-1").decode()
    if "\\" in raw and raw.startswith('"'):
        return str(tomllib.loads(f"key = {raw}")["key"])
    return raw[1:-1] if raw[:1] in ("'", '"') else raw


def _frozen(found: _Table | Node, value: Any) -> Node:
    """The tree of a table, each place with the value that `tomllib` has for it."""
    if isinstance(found, Node):
        return Node(found.start, found.end, None, value)
    if found.repeated:
        return Node(found.start, found.start, None, value)
    members = (
        Member(key, slot.start, _frozen(slot.value, value[key]), slot.statement) for key, slot in found.slots.items()
    )
    return Node(found.start, found.end, tuple(members), value)
