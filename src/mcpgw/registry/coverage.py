"""Coverage is a number, and honest: what is not routed has a reason, and remote entries count as not routed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mcpgw.registry.entry import Entry, Scope, Standing, Transport


class Reason(StrEnum):
    """Why an entry is not routed."""

    NOT_INSTALLED = "not-installed"
    OPTED_OUT = "opted-out"
    REMOTE = "remote"
    OAUTH = "oauth"
    PROJECT_FILE = "project-file"
    PENDING = "pending"
    SHADOWED = "shadowed"
    PLUGIN = "plugin"
    EXTENSION = "extension"
    CONNECTOR = "connector"
    AGENT = "agent"
    LISTED_ONLY = "listed-only"
    WRAPPED = "wrapped"
    SANDBOXED = "sandboxed"
    TWIN = "twin"
    MANAGED = "managed"
    OVERRULED = "overruled"
    HIDDEN = "hidden"
    DENIED = "denied"
    BY_COMMAND = "allowed-by-command"
    DISABLED = "disabled"
    INVALID = "invalid"


_TEXT = {
    Reason.NOT_INSTALLED: "not routed yet: run `mcpgw install`",
    Reason.OPTED_OUT: "left out at your request (`install --except`)",
    Reason.REMOTE: "remote server: not routed yet",
    Reason.OAUTH: "remote server with a login that routing would lose",
    Reason.PROJECT_FILE: "shared project file: never edited by default",
    Reason.PENDING: "shared project file, waiting for your approval in the client",
    Reason.SHADOWED: "a private, routed entry of its name stands before it",
    Reason.PLUGIN: "comes with a plugin: an update would overwrite any edit",
    Reason.EXTENSION: "comes with an extension of the app, which updates it",
    Reason.CONNECTOR: "connector of your account: there is no file to edit",
    Reason.AGENT: "defined inside a subagent's file",
    Reason.LISTED_ONLY: "this client is only listed: its files are not edited yet",
    Reason.WRAPPED: "runs through another gateway already",
    Reason.SANDBOXED: "the client's sandbox would keep the gateway from its own files",
    Reason.TWIN: "routed, its twin would start in its place without the gateway",
    Reason.MANAGED: "managed file: never edited",
    Reason.OVERRULED: "a managed file replaces it, so the client ignores it",
    Reason.HIDDEN: "another entry wins",
    Reason.DENIED: "the client's own lists forbid it",
    Reason.BY_COMMAND: "allowed by its exact command: routed, the client would hide it",
    Reason.DISABLED: "switched off or rejected in the client",
    Reason.INVALID: "the client skips it",
}
# These do not start in the client, so they neither need the gateway nor count against it.
_NOT_STARTED = frozenset(
    {Reason.OVERRULED, Reason.HIDDEN, Reason.SHADOWED, Reason.DENIED, Reason.DISABLED, Reason.INVALID}
)
_BY_STANDING = {
    Standing.MANAGED: Reason.MANAGED,
    Standing.OVERRULED: Reason.OVERRULED,
    Standing.HIDDEN: Reason.HIDDEN,
    Standing.DENIED: Reason.DENIED,
    Standing.BY_COMMAND: Reason.BY_COMMAND,
    Standing.LISTED_ONLY: Reason.LISTED_ONLY,
    Standing.WRAPPED: Reason.WRAPPED,
    Standing.SANDBOXED: Reason.SANDBOXED,
    Standing.TWIN: Reason.TWIN,
    Standing.OAUTH: Reason.OAUTH,
    Standing.PENDING: Reason.PENDING,
}
_BY_SCOPE = {
    Scope.PLUGIN: Reason.PLUGIN,
    Scope.EXTENSION: Reason.EXTENSION,
    Scope.CONNECTOR: Reason.CONNECTOR,
    Scope.AGENT: Reason.AGENT,
    Scope.PROJECT: Reason.PROJECT_FILE,
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
        return _TEXT[self.reason] + (f": {self.entry.note}" if self.entry.note else "")


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
    if entry.scope in _BY_SCOPE:
        return Reason.DISABLED if entry.standing is Standing.DISABLED else _BY_SCOPE[entry.scope]
    return None if entry.transport is Transport.STDIO else Reason.REMOTE


def coverage(
    entries: Iterable[Entry], seen: frozenset[str] | None, opted_out: frozenset[str] = frozenset()
) -> tuple[Coverage, ...]:
    """Each entry's coverage.

    seen: the entry ids at the last install, None when there was none.  opted_out: the ids that `--except` named.
    """
    everything = tuple(entries)
    shadowed = frozenset(entry.gateway_id for entry in everything if entry.is_shadow)
    return tuple(_covered(entry, seen, opted_out, shadowed) for entry in everything)


def figure(covered: Iterable[Coverage]) -> Figure:
    counted = [each for each in covered if each.counts]
    return Figure(sum(each.routed for each in counted), len(counted))


def _covered(
    entry: Entry, seen: frozenset[str] | None, opted_out: frozenset[str], shadowed: frozenset[str]
) -> Coverage:
    new = seen is not None and entry.entry_id not in seen
    if entry.wrapped is not None:
        return Coverage(entry, None, new)
    reason = obstacle(entry)
    if entry.entry_id in shadowed and reason in (Reason.PROJECT_FILE, Reason.PENDING):
        return Coverage(entry, Reason.SHADOWED, new)
    if reason is None:
        # A switched-off one is routed like the others, for the day it is switched on; until then it does not count.
        off = entry.standing is Standing.DISABLED
        left_out = Reason.OPTED_OUT if entry.entry_id in opted_out else Reason.NOT_INSTALLED
        reason = Reason.DISABLED if off else left_out
    return Coverage(entry, reason, new)
