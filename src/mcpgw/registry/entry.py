"""An entry is what one config file says of one server; its id holds while file, project and name do."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

# `<client>:<scope>[@<8 hex>]:<percent-encoded name>`
_ENTRY_ID = re.compile(r"[a-z0-9-]+:[a-z]+(@[0-9a-f]{8})?:[A-Za-z0-9_.~%-]*")
_VERB = ("run", "--entry")
_SHADOW = "--shadow"
_NO_ARGS = "--no-args"
_END_OF_OPTIONS = "--"

# command and args of an entry; args None means that the key is absent.
Command = tuple[str, tuple[str, ...] | None]


class Scope(StrEnum):
    """How far an entry reaches, in the words of the client."""

    USER = "user"
    LOCAL = "local"
    PROJECT = "project"
    MANAGED = "managed"
    DYNAMIC = "dynamic"  # given to one run of the client (`--mcp-config`)
    PLUGIN = "plugin"  # comes with a plugin of the client
    EXTENSION = "extension"  # comes with an extension of a desktop app
    CONNECTOR = "connector"  # lives in the user's account, not in a file
    AGENT = "agent"  # inside the definition of a subagent


# One file or project holds only one entry of a name in the other scopes, so these alone need the hash in the id.
_REPEATED_SCOPES = frozenset({Scope.LOCAL, Scope.PROJECT, Scope.DYNAMIC})


class Transport(StrEnum):
    STDIO = "stdio"
    HTTP = "http"
    SSE = "sse"
    WS = "ws"
    INVALID = "invalid"  # the client would skip this entry


class Standing(StrEnum):
    """What the client itself would do with the entry, whatever mcpgw does."""

    ACTIVE = "active"
    DISABLED = "disabled"  # switched off or rejected in the client
    DENIED = "denied"  # the client's deny or allow list keeps it from starting
    BY_COMMAND = "by-command"  # allowed by its exact command, so a rewritten entry would vanish
    OVERRULED = "overruled"  # a managed file replaces it
    MANAGED = "managed"  # it is in the managed file itself
    PENDING = "pending"  # a shared project server that waits for the user's approval
    LISTED_ONLY = "listed-only"  # this client's files are read, not written
    WRAPPED = "wrapped"  # it runs through another gateway already
    SANDBOXED = "sandboxed"  # the client confines it to places that are not the gateway's
    TWIN = "twin"  # a plugin or connector brings the same server, which would wake up
    OAUTH = "oauth"  # the client holds a login that a rewritten entry would lose
    HIDDEN = "hidden"  # another entry of the same name wins


@dataclass(frozen=True, slots=True)
class Original:
    """What a rewritten entry started before; `args` is None where the entry had no such key.

    shadow: the entry as a whole was added by mcpgw, so taking it off removes it.
    """

    entry_id: str
    command: str
    args: tuple[str, ...] | None
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One server in one config file.

    config_file: absolute, as the client names it (links not resolved).  project_key: the key below which a local
    entry lies.  value: the entry's own text.  several: the client has more than one file of this scope.
    misplaced: its args call it a shadow, but of no entry that could be behind it here: it was copied or renamed.
    note: why the client would skip an INVALID one, or which plugin, gateway or entry its standing comes from.
    """

    client: str
    scope: Scope
    config_file: str
    project_key: str | None
    name: str
    transport: Transport
    command: str | None
    args: tuple[str, ...] | None
    env_keys: tuple[str, ...]
    url: str | None
    value: str
    note: str | None = None
    standing: Standing = Standing.ACTIVE
    several: bool = False
    misplaced: bool = False

    @property
    def entry_id(self) -> str:
        return entry_id(self.client, self.scope, self.name, self.config_file, self.project_key, several=self.several)

    @property
    def wrapped(self) -> Original | None:
        """What this entry starts behind the gateway; None when it is not ours."""
        return None if self.transport is not Transport.STDIO else unwrap(self.args)

    @property
    def is_shadow(self) -> bool:
        """Whether mcpgw added an entry as a whole here, before a shared one of the same name."""
        wrapped = self.wrapped
        return wrapped is not None and wrapped.shadow and not self.misplaced

    @property
    def gateway_id(self) -> str:
        """The id under which its gateway runs: a shadow's is that of its origin."""
        wrapped = self.wrapped
        return wrapped.entry_id if wrapped is not None and wrapped.shadow else self.entry_id

    @property
    def original_argv(self) -> tuple[str, ...]:
        """The server's own command line, routed or not; empty for a remote or invalid entry."""
        wrapped = self.wrapped
        if wrapped is not None:
            return (wrapped.command, *(wrapped.args or ()))
        return (self.command, *(self.args or ())) if self.command is not None else ()


def entry_id(
    client: str, scope: Scope, name: str, config_file: str, project_key: str | None, *, several: bool = False
) -> str:
    """The opaque id under which pins, limits, counters and policy know this entry."""
    place = ""
    if several or scope in _REPEATED_SCOPES:
        text = config_file + (project_key or "")
        place = "@" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{client}:{scope}{place}:{quote(name, safe='', errors='surrogatepass')}"


def wrap(entry: str, command: str, args: Sequence[str] | None, *, shadow: bool = False) -> tuple[str, ...]:
    """The args with which the launcher starts `command` behind the gateway."""
    flags = (*((_SHADOW,) if shadow else ()), *((_NO_ARGS,) if args is None else ()))
    return (*_VERB, entry, *flags, _END_OF_OPTIONS, command, *(args or ()))


def unwrap(args: Sequence[str] | None) -> Original | None:
    """Reads the original off a rewritten entry's args alone; None when they are not of our making."""
    if args is None or len(args) < 5 or tuple(args[:2]) != _VERB or not _ENTRY_ID.fullmatch(args[2]):
        return None
    rest = list(args[3:])
    shadow, without_args = _taken(_SHADOW, rest), _taken(_NO_ARGS, rest)
    if len(rest) < 2 or rest[0] != _END_OF_OPTIONS:
        return None
    # Arguments that somebody added behind `--no-args -- COMMAND` since are kept.
    added = tuple(rest[2:])
    return Original(args[2], rest[1], (added or None) if without_args else added, shadow)


def rewrap(args: Sequence[str], entry: str) -> tuple[str, ...]:
    """The args of a rewritten entry under another id, as an entry of its own."""
    rest = list(args[3:])
    _taken(_SHADOW, rest)
    return (*_VERB, entry, *rest)


def wrapper_length(args: Sequence[str]) -> int:
    """How many leading args of a rewritten entry are ours, the original command included."""
    return args.index(_END_OF_OPTIONS, 3) + 2


def names_launcher(command: str | None, launcher: str) -> bool:
    """Whether the entry starts this very launcher (another one is an older place of ours)."""
    return command is not None and os.path.normpath(command) == os.path.normpath(launcher)


def _taken(flag: str, rest: list[str]) -> bool:
    """Takes the flag off the front, if it is there."""
    found = rest[:1] == [flag]
    del rest[: 1 if found else 0]
    return found
