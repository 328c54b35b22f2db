"""Before a new file is written it is read again: the entries say what was planned, and nothing else has changed.

Pure; used on every edit, whoever computed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcpgw.errors import McpgwError
from mcpgw.registry.client import ConfigFile
from mcpgw.registry.document import Document, Node
from mcpgw.registry.entry import Command, Scope
from mcpgw.registry.reading import entries_of, open_document

# (scope, project key, name): what one entry is within its file.
Key = tuple[Scope, str | None, str]


def verify_rewrite(file: ConfigFile, old: Document, content: bytes, expected: Mapping[Key, Command]) -> None:
    """Compares every value of the file before and after; `expected` holds the edited entries. Raises McpgwError."""
    new = open_document(file, content)
    same = _frame(old.root, old, file) == _frame(new.root, new, file)
    before, after = _by_key(file, old), _by_key(file, new)
    if not same or list(before) != list(after):
        raise _fault(file)
    for key, node in before.items():
        if not _entry_is_right(old, node, new, after[key], expected.get(key)):
            raise _fault(file)


def _entry_is_right(old: Document, before: Node, new: Document, after: Node, wanted: Command | None) -> bool:
    if wanted is None:
        return old.raw(before) == new.raw(after)
    value: dict[str, Any] = new.value(after)
    args = value.get("args")
    found: Command = (value["command"], None if args is None else tuple(args))
    return found == wanted and _others(old, before) == _others(new, after)


def _others(document: Document, entry: Node) -> list[tuple[str, bytes]]:
    """Every member but the two that are edited, in order, as raw text."""
    return [
        (member.key, document.raw(member.value))
        for member in entry.members or ()
        if member.key not in ("command", "args")
    ]


def _frame(node: Node, document: Document, file: ConfigFile) -> Any:
    """All of the file outside its containers, in order, as raw text."""
    containers = {
        (found.start, found.end) for container in file.containers for _, found in document.find(container.path)
    }
    return _outside(node, document, containers)


def _outside(node: Node, document: Document, containers: set[tuple[int, int]]) -> Any:
    if (node.start, node.end) in containers:
        return None
    if node.members is None:
        return document.raw(node)
    return [(member.key, _outside(member.value, document, containers)) for member in node.members]


def _by_key(file: ConfigFile, document: Document) -> dict[Key, Node]:
    return {(entry.scope, entry.project_key, entry.name): node for entry, node in entries_of(file, document)}


def _fault(file: ConfigFile) -> McpgwError:
    return McpgwError(
        f"the planned edit of {file.path} would have changed more than it should; the file was left alone",
        "This is a bug in mcpgw: report it, without the file's contents.",
    )
