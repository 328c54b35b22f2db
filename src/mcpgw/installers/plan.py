"""A plan is a value: every edit and what becomes of each entry, as a diff; applying does nothing that is not in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from mcpgw.installers.change import Change, Outcome, command_of
from mcpgw.installers.edits import Edit, apply_edits
from mcpgw.installers.shadows import Shadows, shadow_changes
from mcpgw.installers.spans import repoint_edits, wrap_edits
from mcpgw.installers.verify import Expected, Gone, Key, Whole, verify_rewrite
from mcpgw.registry.client import ConfigFile
from mcpgw.registry.document import Document, Node
from mcpgw.registry.entry import Command, Entry, names_launcher, rewrap, wrap
from mcpgw.registry.json_reader import json_value
from mcpgw.registry.reading import entries_of, open_document


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file: what it holds now, what it will hold, and why. becomes: `new` as it was read, where it was."""

    file: ConfigFile
    old: bytes
    new: bytes
    edits: tuple[Edit, ...]
    changes: tuple[Change, ...]
    becomes: Document | None = field(default=None, compare=False, repr=False)

    @property
    def changed(self) -> bool:
        return self.old != self.new

    def within(self, shown: FilePlan) -> bool:
        """Whether it does nothing that `shown` does not, wherever the entries stand in the file."""
        agreed = _essence(shown)
        return all(each in agreed for each in _essence(self))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def install_plan(
    file: ConfigFile, content: bytes, wanted: frozenset[str], launcher: str, shadows: Shadows | None = None
) -> FilePlan:
    """Routes the entries whose ids are `wanted`; those that are routed well already stay, and shadows are kept in step.

    Raises ConfigFault when the file cannot be read; an edit that would touch anything else raises McpgwError.
    """
    return document_plan(file, open_document(file, content), wanted, launcher, shadows)


def document_plan(
    file: ConfigFile, document: Document, wanted: frozenset[str], launcher: str, shadows: Shadows | None = None
) -> FilePlan:
    """As `install_plan`, of a file that has been read."""
    edits: list[Edit] = []
    changes: list[Change] = []
    placed = tuple(entries_of(file, document))
    for entry, node in placed:
        if entry.entry_id in wanted:
            found, change = _routed(document, entry, node, launcher)
            edits += found
            changes += (change,) if found else ()
    if shadows is not None:
        more_edits, more_changes = shadow_changes(file, document, placed, shadows)
        edits += more_edits
        changes += more_changes
    if not edits:
        return FilePlan(file, document.content, document.content, (), ())
    new = apply_edits(document.content, edits)
    becomes = verify_rewrite(file, document, new, expected(changes))
    return FilePlan(file, document.content, new, tuple(edits), tuple(changes), becomes)


def expected(changes: Iterable[Change]) -> dict[Key, Expected]:
    """What the edited entries are to be, for `verify_rewrite`."""
    return {(each.entry.scope, each.entry.project_key, each.entry.name): _expected(each) for each in changes}


def _expected(change: Change) -> Expected:
    if change.value is not None:
        return Whole(json_value(change.value, comments=False))
    return Gone() if change.after is None else change.after


def diff(plans: Iterable[FilePlan], shown: Callable[[Command], Command]) -> tuple[str, ...]:
    """The plan as a person reads it: per file and entry, the two members that change; none when nothing does.

    shown: a command without its secrets.  A name or path may hold anything, line breaks too.
    """
    return tuple(line for plan in plans if plan.changes for line in _file_diff(plan, shown))


def _routed(document: Document, entry: Entry, node: Node, launcher: str) -> tuple[tuple[Edit, ...], Change]:
    original = entry.wrapped
    if original is None:
        outcome, edits = Outcome.ROUTE, wrap_edits(document, node, entry.entry_id, launcher)
        args = wrap(entry.entry_id, entry.command or "", entry.args)
    else:
        outcome = Outcome.REPOINT
        good = names_launcher(entry.command, launcher) and original.entry_id == entry.entry_id and not original.shadow
        edits = () if good else repoint_edits(document, node, entry.entry_id, launcher)
        args = rewrap(entry.args or (), entry.entry_id)
    after: Command = (launcher, args)
    return edits, Change(entry, outcome, command_of(entry), after, node.start)


def _essence(plan: FilePlan) -> list[tuple[str, Outcome, Command | None, Command | None]]:
    return [(each.entry.entry_id, each.outcome, each.before, each.after) for each in plan.changes]


def _file_diff(plan: FilePlan, shown: Callable[[Command], Command]) -> Iterator[str]:
    yield f"--- {plan.file.path}"
    yield f"+++ {plan.file.path}"
    line, counted = 1, 0
    for change in sorted(plan.changes, key=lambda each: each.offset):
        line, counted = line + plan.old.count(b"\n", counted, change.offset), change.offset
        project = f", project {change.entry.project_key}" if change.entry.project_key is not None else ""
        yield f"@@ line {line}: {change.entry.name} ({change.entry.scope}{project}) @@"
        yield from (f"- {line}" for line in _members(change.before, shown))
        yield from (f"+ {line}" for line in _members(change.after, shown))


def _members(command: Command | None, shown: Callable[[Command], Command]) -> Iterator[str]:
    if command is None:
        return
    program, args = shown(command)
    yield f'"command": {json.dumps(program, ensure_ascii=False)}'
    if args is not None:
        yield f'"args": {json.dumps(args, ensure_ascii=False)}'
