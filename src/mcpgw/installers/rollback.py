"""Taking off leaves no trace: an untouched file gets its exact bytes back, in any other only our entries are unwrapped.

What the user or the client changed since stays changed, what they deleted stays deleted.
"""

from __future__ import annotations

from dataclasses import dataclass

from mcpgw.errors import McpgwError
from mcpgw.installers.change import Change, Outcome, command_of
from mcpgw.installers.edits import Edit, apply_edits
from mcpgw.installers.handiwork import containers_made, is_ours
from mcpgw.installers.plan import FilePlan, expected, sha256
from mcpgw.installers.shadows import unshadowing
from mcpgw.installers.spans import unwrap_edits
from mcpgw.installers.verify import verify_rewrite
from mcpgw.registry.client import ConfigFile
from mcpgw.registry.document import Document, Node
from mcpgw.registry.entry import Command, Entry, names_launcher
from mcpgw.registry.ledger import Ledger, Step
from mcpgw.registry.reading import entries_of, open_document


def uninstall_plan(
    file: ConfigFile, content: bytes, ledger: Ledger, wanted: frozenset[str] | None = None, launcher: str = ""
) -> FilePlan:
    """Unwraps the entries whose ids are `wanted` (all of ours by default). Works with an empty ledger.

    In a shared file only those are ours that start this `launcher` or that the ledger knows: the others are a
    team-mate's. Raises ConfigFault when the file cannot be read.
    """
    return rollback_plan(file, open_document(file, content), ledger, wanted, launcher)


def rollback_plan(
    file: ConfigFile, document: Document, ledger: Ledger, wanted: frozenset[str] | None, launcher: str
) -> FilePlan:
    """As `uninstall_plan`, of a file that has been read."""
    content, ours = document.content, _Ours(file, ledger, wanted, launcher)
    changes = tuple(_changes(file, document, ours))
    if wanted is None:
        restored = _stepped_back(file, content, ledger)
        if restored != content and not _changes(file, open_document(file, restored), ours):
            return FilePlan(file, content, restored, (), changes)
    edits = _unwrapping(file, document, ours)
    new = apply_edits(content, edits)
    verify_rewrite(file, document, new, expected(changes))
    return FilePlan(file, content, new, edits, changes)


def stepped_back(step: Step, content: bytes) -> bytes:
    """The exact bytes before `step`, of a file that is as the step left it. Raises McpgwError on a bad ledger."""
    edits = (Edit(each.start, each.start + each.length, each.original.encode("latin-1")) for each in step.replaced)
    before = apply_edits(content, edits)
    if sha256(before) != step.sha256_before:
        raise McpgwError(
            f"the ledger's way back for {step.file} does not lead to the original",
            "The ledger was changed: move it away and run it again; the entries are then unwrapped from their args.",
        )
    return before


def _stepped_back(file: ConfigFile, content: bytes, ledger: Ledger) -> bytes:
    """Back through our own edits, as long as the file is what the latest of them left."""
    limit = ledger.next_number
    while True:
        step = ledger.step_to(file.path, sha256(content))
        # Numbers go down, so two edits that undo one another do not make a circle.
        if step is None or step.number >= limit:
            return content
        content, limit = stepped_back(step, content), step.number


@dataclass(frozen=True, slots=True)
class _Ours:
    """Which entries of a file are to be unwrapped."""

    file: ConfigFile
    ledger: Ledger
    wanted: frozenset[str] | None
    launcher: str

    def hold(self, entry: Entry) -> bool:
        if entry.wrapped is None or not (self.wanted is None or entry.entry_id in self.wanted):
            return False
        return not self.file.shared or names_launcher(entry.command, self.launcher) or self._known(entry)

    def added(self, entry: Entry) -> bool:
        """Whether it is a shadow as we wrote it: one that was changed since is the person's own, and is unwrapped."""
        return is_ours(entry, self.ledger.installed)

    def _known(self, entry: Entry) -> bool:
        place = (entry.config_file, entry.entry_id)
        return any((each.config_file, each.entry_id) == place for each in self.ledger.installed)


def _changes(file: ConfigFile, document: Document, ours: _Ours) -> list[Change]:
    return [_change(entry, node, ours) for entry, node in entries_of(file, document) if ours.hold(entry)]


def _change(entry: Entry, node: Node, ours: _Ours) -> Change:
    if ours.added(entry):
        return Change(entry, Outcome.UNSHADOW, command_of(entry), None, node.start)
    return Change(entry, Outcome.UNWRAP, command_of(entry), _original(entry), node.start)


def _unwrapping(file: ConfigFile, document: Document, ours: _Ours) -> tuple[Edit, ...]:
    held = [(entry, node) for entry, node in entries_of(file, document) if ours.hold(entry)]
    unwrapped = (unwrap_edits(document, node) for entry, node in held if not ours.added(entry))
    shadows = [node for entry, node in held if ours.added(entry)]
    made = containers_made(file.path, ours.ledger.installed)
    return (*(edit for edits in unwrapped for edit in edits), *unshadowing(file, document, shadows, made))


def _original(entry: Entry) -> Command:
    wrapped = entry.wrapped
    return (wrapped.command, wrapped.args) if wrapped is not None else command_of(entry)
