"""A server is named by its name, or by its entry id where names are ambiguous; a wrong name selects nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcpgw.errors import NotFound, UsageFault
from mcpgw.registry.entry import Entry


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries a command is about: all by default.

    only_named: no server named means none, not all.
    """

    servers: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()
    client: str | None = None
    scope: str | None = None
    only_named: bool = False


def chosen(entries: Iterable[Entry], choice: Choice) -> tuple[Entry, ...]:
    """The entries of the choice. Raises NotFound for an unknown name, UsageFault for an ambiguous one."""
    within = [
        entry for entry in entries if choice.client in (None, entry.client) and choice.scope in (None, str(entry.scope))
    ]
    excepted = {entry.entry_id for name in choice.excepted for entry in _named(within, name)}
    if choice.servers or choice.only_named:
        within = [_only(_named(within, server), server) for server in choice.servers]
    return tuple(dict.fromkeys(entry for entry in within if entry.entry_id not in excepted))


def excepted(entries: Sequence[Entry], choice: Choice) -> frozenset[str]:
    """The ids of the entries that the choice leaves out by name. Raises NotFound for an unknown name."""
    return frozenset(entry.entry_id for name in choice.excepted for entry in _named(entries, name))


def _named(entries: Sequence[Entry], name: str) -> list[Entry]:
    found = [entry for entry in entries if name in (entry.name, entry.entry_id)]
    if not found:
        raise NotFound(f"no server is called {name!r}", "`mcpgw list` shows every server and its entry id.")
    return found


def _only(found: list[Entry], name: str) -> Entry:
    if len(found) > 1:
        choices = ", ".join(entry.entry_id for entry in found)
        raise UsageFault(f"{name!r} is in {len(found)} places", f"Name one by its entry id: {choices}")
    return found[0]
