"""Before a new file is written it is read again: the entries say what was planned, and nothing else has changed.

Pure; used on every edit, whoever computed it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcpgw.errors import McpgwError
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.document import EACH, Document, Member, Node, Syntax
from mcpgw.registry.entry import Command, Scope
from mcpgw.registry.reading import entries_of, open_document

# (scope, project key, name): what one entry is within its file.
Key = tuple[Scope, str | None, str]
_EDITED = ("command", "args")
# Spans are compared in pieces, so that a big one is not copied; these stay in the processor's cache.
_PIECE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Whole:
    """The entry is to have this very value, whether it was there before or not."""

    value: Any


@dataclass(frozen=True, slots=True)
class Gone:
    """The entry is to be there no longer."""


# A Command: the entry is to start this, and its other members are to stay.
Expected = Command | Whole | Gone


def verify_rewrite(file: ConfigFile, old: Document, content: bytes, expected: Mapping[Key, Expected]) -> Document:
    """Compares every value of the file before and after; `expected` holds the edited entries. Raises McpgwError.

    Returns the file after, as it was read.
    """
    new = open_document(file, content)
    before, after = _Side(file, old, expected), _Side(file, new, expected)
    if not (_same_frame(before, after) and _right_entries(before, after) and _same_values(before, after)):
        raise McpgwError(
            f"the planned edit of {file.path} would have changed more than it should; the file was left alone",
            "This is a bug in mcpgw: report it, without the file's contents.",
        )
    return new


class _Side:
    """The file before or after: its entries, and its containers by identity: a TOML table may lie where the root does.

    optional: paths of containers that may come with an entry, or go with it.
    """

    def __init__(self, file: ConfigFile, document: Document, expected: Mapping[Key, Expected]) -> None:
        self.file, self.document, self.expected = file, document, expected
        self.entries = {
            (entry.scope, entry.project_key, entry.name): node for entry, node in entries_of(file, document)
        }
        moving = {key[:2] for key, wanted in expected.items() if isinstance(wanted, (Whole, Gone))}
        self.containers = {id(node) for each in file.containers for _, node in document.find(each.path)}
        self.optional = {
            _path(each, project) for each in file.containers for scope, project in moving if scope is each.scope
        }

    def lasting(self) -> list[Key]:
        """The entries that are neither added nor removed, in order."""
        return [key for key in self.entries if not isinstance(self.expected.get(key), (Whole, Gone))]


def _same_frame(before: _Side, after: _Side) -> bool:
    """Whether all outside the containers is as it was, in its order."""
    old, new = list(_frame(before, before.document.root, ())), list(_frame(after, after.document.root, ()))
    return [path for path, _ in old] == [path for path, _ in new] and all(
        one is None or other is None or _same(before.document, one, after.document, other)
        for (_, one), (_, other) in zip(old, new, strict=True)
    )


def _frame(side: _Side, node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node | None]]:
    if path in side.optional:
        return
    is_container = id(node) in side.containers
    if is_container or node.members is None:
        yield path, None if is_container else node
        return
    for member in node.members:
        yield from _frame(side, member.value, (*path, member.key))


def _path(container: Container, project: str | None) -> tuple[str, ...]:
    return tuple(project or "" if part is EACH else part for part in container.path)


def _right_entries(before: _Side, after: _Side) -> bool:
    return before.lasting() == after.lasting() and all(
        _is_right(before, after, key, before.expected.get(key)) for key in {**before.entries, **before.expected}
    )


def _is_right(before: _Side, after: _Side, key: Key, wanted: Expected | None) -> bool:
    found = after.entries.get(key)
    if isinstance(wanted, Gone) or found is None:
        return isinstance(wanted, Gone) and found is None
    value = after.document.value(found)
    if isinstance(wanted, Whole):
        return bool(value == wanted.value)
    if wanted is None:
        return _same(before.document, before.entries[key], after.document, found)
    args = value.get("args")
    starts = (value["command"], None if args is None else tuple(args))
    return starts == wanted and _same_members(
        before.document, _others(before.entries[key]), after.document, _others(found)
    )


def _others(entry: Node) -> tuple[Member, ...]:
    """Every member but the two that are edited."""
    return tuple(member for member in entry.members or () if member.key not in _EDITED)


def _same(old: Document, before: Node, new: Document, after: Node) -> bool:
    """The same bytes. The pieces of a TOML table are compared one by one, as others' may lie between them."""
    if old.syntax is Syntax.TOML and before.members is not None and after.members is not None:
        return _same_members(old, before.members, new, after.members)
    length = before.end - before.start
    return length == after.end - after.start and all(
        old.content[before.start + at : before.start + min(at + _PIECE_BYTES, length)]
        == new.content[after.start + at : after.start + min(at + _PIECE_BYTES, length)]
        for at in range(0, length, _PIECE_BYTES)
    )


def _same_members(old: Document, before: tuple[Member, ...], new: Document, after: tuple[Member, ...]) -> bool:
    return [member.key for member in before] == [member.key for member in after] and all(
        _same(old, one.value, new, other.value) for one, other in zip(before, after, strict=True)
    )


def _same_values(before: _Side, after: _Side) -> bool:
    """In TOML the spans are our own reading, so what `tomllib` says of both files is compared as well."""
    if before.document.syntax is not Syntax.TOML:
        return True
    return list(_values(before)) == list(_values(after))


def _values(side: _Side) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every value at its path, but for what is edited."""
    edited = {
        (*_path(container, project), name.removeprefix(container.prefix))
        for scope, project, name in side.expected
        for container in side.file.containers
        if container.scope is scope
    }
    pending: list[tuple[tuple[str, ...], Any]] = [((), side.document.root.parsed)]
    while pending:
        path, value = pending.pop()
        if not isinstance(value, dict):
            yield path, repr(value)
            continue
        pending += [((*path, key), each) for key, each in value.items() if path not in edited or key not in _EDITED]
