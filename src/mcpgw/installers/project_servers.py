"""Servers of a shared project file are left alone by default; on request they are edited there, or shadowed. Pure."""

from __future__ import annotations

from enum import StrEnum

from mcpgw.installers.handiwork import is_ours
from mcpgw.registry.client import ConfigFile
from mcpgw.registry.coverage import Reason, obstacle
from mcpgw.registry.entry import Entry, Scope, Transport
from mcpgw.registry.ledger import Ledger

# Approval is by name: editing the entry neither gives nor takes it.
IN_SHARED_FILES = frozenset({Reason.PROJECT_FILE, Reason.PENDING})


class ProjectServers(StrEnum):
    """What becomes of a server in a shared project file."""

    SKIP = "skip"
    SHADOW = "shadow"  # a private entry of the same name is put before it
    EDIT = "edit"  # it is routed in the shared file


def may_route(entry: Entry, mode: ProjectServers, ledger: Ledger) -> bool:
    """Whether `install` may edit this entry where it stands. One that it edited in a shared file stays in its care.

    A shadow follows its origin, unless its owner changed it: then it is routed like any entry of theirs.
    """
    if is_ours(entry, ledger.installed):
        return False
    reason = obstacle(entry)
    if reason in IN_SHARED_FILES and entry.transport is Transport.STDIO:
        return mode is ProjectServers.EDIT or _edited_before(entry, ledger)
    return reason is None


def may_edit(file: ConfigFile, mode: ProjectServers, ledger: Ledger) -> bool:
    """Whether `install` may edit this file."""
    return file.editable or (file.shared and (mode is ProjectServers.EDIT or file.path in ledger.files()))


def _edited_before(entry: Entry, ledger: Ledger) -> bool:
    if entry.scope is not Scope.PROJECT or entry.wrapped is None:
        return False
    return any(each.entry_id == entry.entry_id for each in ledger.installed)
