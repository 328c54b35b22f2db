"""A routed copy differs from its source in the stdio entries alone; the source is never written."""

from __future__ import annotations

import os
from dataclasses import dataclass

from mcpgw.config.compile import compile_policy
from mcpgw.errors import ConfigFault
from mcpgw.installers.apply import sole_installer
from mcpgw.installers.change import Outcome
from mcpgw.installers.install import make_state_dir
from mcpgw.installers.launcher import ensure_launcher
from mcpgw.installers.plan import install_plan
from mcpgw.paths import StateLayout
from mcpgw.registry.claude.locations import NAME
from mcpgw.registry.client import ConfigFile, Container, Place, Problem
from mcpgw.registry.coverage import Reason, obstacle
from mcpgw.registry.discover import client_named
from mcpgw.registry.document import Document
from mcpgw.registry.entry import Entry, Scope, Standing, Transport
from mcpgw.registry.reading import entries_of, open_document
from mcpgw.registry.select import Choice, chosen
from mcpgw.registry.wrappers import marked

STDIN = "-"
_SERVERS = ("mcpServers",)
_MANAGED_FILE = "managed-mcp.json"


@dataclass(frozen=True, slots=True)
class CopiedEntry:
    """An entry of the source and what became of it: routed now (outcome), routed before (neither), or left (reason)."""

    entry: Entry
    outcome: Outcome | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class RoutedCopy:
    """content: the whole copy.  document: the copy as read again.  problems: settings whose lists are not known."""

    file: ConfigFile
    content: bytes
    document: Document
    entries: tuple[CopiedEntry, ...]
    problems: tuple[Problem, ...]

    @property
    def allow_list(self) -> tuple[tuple[str, ...], ...]:
        """The argv of each routed entry, as a client's allow list must know it."""
        return tuple(
            (entry.command or "", *(entry.args or ()))
            for entry, _ in entries_of(self.file, self.document)
            if entry.wrapped is not None
        )


def source_file(path: str) -> ConfigFile:
    """How a file of this name is read; `path` is `-` for standard input, which always gives the same entry ids."""
    managed = os.path.basename(path) == _MANAGED_FILE
    container = Container(_SERVERS, Scope.MANAGED if managed else Scope.DYNAMIC)
    return ConfigFile(NAME, path if path == STDIN else os.path.abspath(path), (container,), editable=False)


def routed_copy(place: Place, file: ConfigFile, content: bytes, excepted: tuple[str, ...], launcher: str) -> RoutedCopy:
    """Wraps each stdio entry that nothing speaks against; one that is routed gets this launcher and its id here.

    Raises ConfigFault with file:line:column, NotFound where an excepted name is not in the file.
    """
    source = open_document(file, content)
    if not tuple(source.find(_SERVERS)):
        raise ConfigFault(f"{file.path}:1:1: there is no `mcpServers` object", "Give a file of servers by name.")
    entries, problems = _judged(place, tuple(entry for entry, _ in entries_of(file, source)))
    kept = {entry.entry_id for entry in chosen(entries, Choice(excepted=excepted))}
    reasons = {each.entry_id: obstacle(each) if each.entry_id in kept else Reason.OPTED_OUT for each in entries}
    wanted = frozenset(entry_id for entry_id, reason in reasons.items() if reason is None)
    plan = install_plan(file, content, wanted, launcher)
    outcomes = {change.entry.entry_id: change.outcome for change in plan.changes}
    copied = (CopiedEntry(each, outcomes.get(each.entry_id), reasons[each.entry_id]) for each in entries)
    return RoutedCopy(file, plan.new, open_document(file, plan.new), tuple(copied), problems)


def make_ready(layout: StateLayout) -> None:
    """Makes what the copy needs to start, as `install` does: the launcher and a compiled policy. Raises McpgwError."""
    make_state_dir(layout)
    with sole_installer(layout):
        ensure_launcher(layout)
        compile_policy(layout)


def _judged(place: Place, entries: tuple[Entry, ...]) -> tuple[tuple[Entry, ...], tuple[Problem, ...]]:
    """The entries, with what the client would not start here, or what runs through another gateway.

    So no copy leads around a denial. A managed file is its writer's own word, and may be meant for another machine.
    """
    verdict = client_named(NAME).judge(place, (), entries)
    refused = {each.entry_id: each for each in verdict.entries if _is_refused(each)}
    return tuple(marked(refused.get(each.entry_id, each)) for each in entries), verdict.problems


def _is_refused(entry: Entry) -> bool:
    """By the lists, or because the client keeps the name for itself. All else may differ where the copy is used."""
    return entry.standing is Standing.DENIED or entry.transport is Transport.INVALID
