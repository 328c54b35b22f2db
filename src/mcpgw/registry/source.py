"""Whether a shared project entry still says what was approved; read by the data plane too, so imports stay light."""

from __future__ import annotations

import os
from enum import StrEnum

from mcpgw.errors import ConfigFault
from mcpgw.files import read_bytes
from mcpgw.paths import StateLayout
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Entry, Scope, Transport, names_launcher
from mcpgw.registry.reading import entries_of, open_document
from mcpgw.state.binary import Binary, find_binary, is_same, lies_in
from mcpgw.state.trust import NOTHING, Approval, Words, differing, digest_of, trust_ref
from mcpgw.values import NamedTuple

NEVER_APPROVED = "nobody on this machine has approved it"


class Cause(StrEnum):
    """What is not as approved."""

    UNAPPROVED = "unapproved"  # it came routed, and nothing of it was ever approved here
    CHANGED = "changed"  # command, args or names of environment variables
    GONE = "gone"  # the entry or its file
    UNREADABLE = "unreadable"  # the file, to its client too
    BINARY = "binary"  # the program behind the same words


class Change(NamedTuple):
    """One approved entry whose source, or program, is another by now.

    found: what the source says now; None where it says nothing.  parts: which of command, args, env and binary differ.
    digest: of the present content; a denial and a REF hold for this content only.  binary: the other program.
    """

    approval: Approval
    cause: Cause
    found: Words | None
    parts: tuple[str, ...]
    digest: str
    binary: Binary | None = None

    @property
    def ref(self) -> str:
        return trust_ref(self.approval.entry_id, self.digest)

    @property
    def denied(self) -> bool:
        return self.approval.denied == self.digest

    @property
    def text(self) -> str:
        """What is not as approved, in a few words that hold no value of the entry."""
        match self.cause:
            case Cause.UNAPPROVED:
                return NEVER_APPROVED
            case Cause.CHANGED:
                return f"its {' and '.join(self.parts)} changed since it was approved"
            case Cause.GONE:
                return f"its entry is no longer in {self.approval.config_file}"
            case Cause.UNREADABLE:
                return f"{self.approval.config_file} cannot be read"
            case Cause.BINARY:
                where = ", and it lies in the project" if self.in_project else ""
                return f"another program is behind its command than was approved{where}"

    @property
    def in_project(self) -> bool:
        """Whether the changed program comes with the project, so that whoever shares that chose it."""
        if self.binary is None:
            return False
        project = self.approval.project
        return lies_in(self.binary.named, project) or lies_in(self.binary.path, os.path.realpath(project))


def change_of_words(layout: StateLayout, approval: Approval) -> Change | None:
    """How the source entry differs from what was approved; None when it does not, or nothing was and nothing is."""
    change = _change_of_words(layout, approval)
    return None if change is not None and change.found is None and approval.words == NOTHING else change


def never_approved(approval: Approval, found: Words) -> Change:
    """An entry that came routed. A gateway has the same REF for it, as far as it knows of variables."""
    digest = found.digest if found.env_keys else digest_of("argv", found.command, *found.args)
    return Change(approval, Cause.UNAPPROVED, found, (), digest)


def _change_of_words(layout: StateLayout, approval: Approval) -> Change | None:
    try:
        found = _read_words(layout, approval)
    except (FileNotFoundError, NotADirectoryError):
        return _without_words(approval, Cause.GONE)
    except (ConfigFault, OSError):
        return _without_words(approval, Cause.UNREADABLE)
    if found is None:
        return _without_words(approval, Cause.GONE)
    if approval.words == NOTHING:
        return never_approved(approval, found)
    parts = differing(approval.words, found)
    return Change(approval, Cause.CHANGED, found, parts, found.digest) if parts else None


def change_of_binary(approval: Approval, command: str, *, search: str, cwd: str) -> Change | None:
    """Another program behind the same words; None when it is the same, or none was known at the approval."""
    known = approval.binary
    if known is None or is_same(known, command, search=search, cwd=cwd):
        return None
    now = find_binary(command, search=search, cwd=cwd)
    if now is None:
        return None  # nothing can be started: the start itself fails, and says so
    digest = digest_of(Cause.BINARY, now.path, now.sha256)
    return Change(approval, Cause.BINARY, approval.words, ("binary",), digest, now)


def _without_words(approval: Approval, cause: Cause) -> Change:
    return Change(approval, cause, None, (), digest_of(cause))


def _read_words(layout: StateLayout, approval: Approval) -> Words | None:
    """Raises OSError, and ConfigFault where the file is not what its client reads."""
    container = Container(approval.container, Scope.PROJECT)
    client = approval.entry_id.partition(":")[0]
    file = ConfigFile(client, approval.config_file, (container,), syntax=Syntax(approval.syntax))
    document = open_document(file, read_bytes(file.path))
    entries = (entry for entry, _ in entries_of(file, document) if entry.name == approval.name)
    return _words(next(entries, None), layout.launcher)


def _words(entry: Entry | None, launcher: str) -> Words | None:
    """An entry that starts this very launcher is unwrapped; any other launcher is a command like any."""
    if entry is None or entry.transport is not Transport.STDIO or entry.command is None:
        return None
    wrapped = entry.wrapped if names_launcher(entry.command, launcher) else None
    command, args = (entry.command, entry.args) if wrapped is None else (wrapped.command, wrapped.args)
    return Words(command, args or (), tuple(sorted(entry.env_keys)))
