"""A shared file can come with a routed entry; its server is withheld, and waits here, until a person approves it."""

from __future__ import annotations

from collections.abc import Iterator

from mcpgw.installers.project_servers import IN_SHARED_FILES
from mcpgw.installers.shadowing import project_entry
from mcpgw.installers.trust import approval_of, approvals, stale, words_of
from mcpgw.paths import StateLayout
from mcpgw.registry.coverage import obstacle
from mcpgw.registry.discover import Discovery
from mcpgw.registry.entry import Entry, names_launcher
from mcpgw.registry.source import Change, never_approved
from mcpgw.relay.run import SHARED_SCOPE


def waiting(layout: StateLayout, found: Discovery) -> tuple[Change, ...]:
    """What changed since it was approved, and what came routed and never was. Raises as `stale`."""
    return (*stale(layout), *unapproved(layout, found))


def unapproved(layout: StateLayout, found: Discovery) -> tuple[Change, ...]:
    """Each content once that a client would start through this gateway, and of which no record is there."""
    known = {approval.entry_id for approval in approvals(layout)}
    return tuple({change.ref: change for change in _unapproved(layout, found, known)}.values())


def _unapproved(layout: StateLayout, found: Discovery, known: set[str]) -> Iterator[Change]:
    for entry in found.entries:
        if _is_looked_at(entry, layout.launcher) and obstacle(entry) in IN_SHARED_FILES:
            shared = project_entry(found, entry, "edit")
            if shared.entry_id not in known:
                yield never_approved(approval_of(shared), words_of(shared))


def _is_looked_at(entry: Entry, launcher: str) -> bool:
    """Whether this gateway starts it, and looks at what was approved of it first."""
    wrapped = entry.wrapped
    return wrapped is not None and names_launcher(entry.command, launcher) and SHARED_SCOPE in wrapped.entry_id
