"""Coverage is a number, and honest: what is not routed has a reason, and remote entries count as not routed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mcpgw.registry.entry import Entry, Scope, Standing, Transport


class Reason(StrEnum):
    """Why an entry is not routed."""

    NOT_INSTALLED = "not-installed"
    REMOTE = "remote"
    PROJECT_FILE = "project-file"
    MANAGED = "managed"
    OVERRULED = "overruled"
    DENIED = "denied"
    BY_COMMAND = "allowed-by-command"
    DISABLED = "disabled"
    INVALID = "invalid"


_TEXT = {
    Reason.NOT_INSTALLED: "not routed yet: run `mcpgw install`",
    Reason.REMOTE: "remote server: not routed yet",
    Reason.PROJECT_FILE: "shared project file: never edited by default",
    Reason.MANAGED: "managed file: never edited",
    Reason.OVERRULED: "a managed file replaces it, so the client ignores it",
    Reason.DENIED: "the client's own lists forbid it",
    Reason.BY_COMMAND: "allowed by its exact command: routed, the client would hide it",
    Reason.DISABLED: "switched off or rejected in the client",
    Reason.INVALID: "the client skips it",
}
# These do not start in the client, so they neither need the gateway nor count against it.
_NOT_STARTED = frozenset({Reason.OVERRULED, Reason.DENIED, Reason.DISABLED, Reason.INVALID})
_BY_STANDING = {
    Standing.MANAGED: Reason.MANAGED,
    Standing.OVERRULED: Reason.OVERRULED,
    Standing.DENIED: Reason.DENIED,
    Standing.BY_COMMAND: Reason.BY_COMMAND,
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """One entry: routed, or the reason why not. new: it came after the last install."""

    entry: Entry
    reason: Reason | None
    new: bool = False

    @property
    def routed(self) -> bool:
        return self.reason is None

    @property
    def counts(self) -> bool:
        """Whether the client would start it."""
        return self.reason not in _NOT_STARTED

    @property
    def text(self) -> str:
        """The reason in words; "routed" for a routed one."""
        if self.reason is None:
            return "routed"
        detail = f": {self.entry.fault}" if self.reason is Reason.INVALID and self.entry.fault else ""
        return _TEXT[self.reason] + detail


@dataclass(frozen=True, slots=True)
class Figure:
    """How many of the servers that a client would start are routed."""

    routed: int
    total: int

    @property
    def text(self) -> str:
        if not self.total:
            return "no server that a client would start"
        return f"{self.routed} of {self.total} servers routed ({100 * self.routed // self.total} %)"


def obstacle(entry: Entry) -> Reason | None:
    """Why `install` leaves this entry alone; None when it can be routed."""
    if entry.transport is Transport.INVALID:
        return Reason.INVALID
    if entry.standing in _BY_STANDING:
        return _BY_STANDING[entry.standing]
    if entry.scope is Scope.PROJECT:
        return Reason.DISABLED if entry.standing is Standing.DISABLED else Reason.PROJECT_FILE
    return None if entry.transport is Transport.STDIO else Reason.REMOTE


def coverage(entries: Iterable[Entry], seen: frozenset[str] | None) -> tuple[Coverage, ...]:
    """Each entry's coverage. seen: the entry ids at the last install, None when there was none."""
    return tuple(_covered(entry, seen) for entry in entries)


def figure(covered: Iterable[Coverage]) -> Figure:
    counted = [each for each in covered if each.counts]
    return Figure(sum(each.routed for each in counted), len(counted))


def _covered(entry: Entry, seen: frozenset[str] | None) -> Coverage:
    new = seen is not None and entry.entry_id not in seen
    if entry.wrapped is not None:
        return Coverage(entry, None, new)
    reason = obstacle(entry)
    if reason is None:
        # A switched-off one is routed like the others, for the day it is switched on; until then it does not count.
        off = entry.standing is Standing.DISABLED
        reason = Reason.DISABLED if off else Reason.NOT_INSTALLED
    return Coverage(entry, reason, new)
