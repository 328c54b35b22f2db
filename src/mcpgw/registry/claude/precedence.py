"""Which of several entries the client starts: the nearest of a name, and one of those that are the same server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from mcpgw.registry.claude.twins import OWN_SCOPES, endpoint, twins
from mcpgw.registry.entry import Entry, Scope, Standing, Transport

# The whole entry of the first scope wins; nothing is merged.
_ORDER = (Scope.MANAGED, Scope.LOCAL, Scope.PROJECT, Scope.USER, Scope.PLUGIN, Scope.CONNECTOR)
_STARTED = frozenset({Standing.ACTIVE, Standing.TWIN, Standing.OAUTH, Standing.BY_COMMAND})


def one_of_each_name(entries: Iterable[Entry], accepted: Callable[[str], bool]) -> tuple[Entry, ...]:
    """The entries of one session; of each name all but one are HIDDEN, the note says behind which.

    accepted: whether the user has approved the shared server of that name; others stand back behind any entry.
    """
    everything = tuple(entries)
    winners: dict[str, Entry] = {}
    for entry in sorted(filter(_competes, everything), key=lambda each: _rank(each, accepted)):
        winners.setdefault(entry.name, entry)
    return tuple(_behind(entry, winners) for entry in everything)


def one_of_each_server(
    entries: Iterable[Entry], environ: Mapping[str, str], reaching: frozenset[Scope] = OWN_SCOPES
) -> tuple[Entry, ...]:
    """The entries, where a plugin's copy is HIDDEN behind the user's own, and that one, not routed yet, a TWIN.

    reaching: the scopes that are in force wherever the plugin is.
    """
    everything = tuple(entries)
    copied = {id(each.entry): each.plugin for each in twins(everything, environ)}
    shown = {
        endpoint(entry, environ): entry.name
        for entry in everything
        if entry.scope in reaching and entry.standing in _STARTED and entry.wrapped is None
    }
    return tuple(_one(entry, copied.get(id(entry)), shown.get(endpoint(entry, environ))) for entry in everything)


def _one(entry: Entry, copy: Entry | None, shown: str | None) -> Entry:
    if copy is not None and entry.wrapped is None and entry.standing is Standing.ACTIVE:
        return replace(entry, standing=Standing.TWIN, note=copy.name)
    if entry.scope is Scope.PLUGIN and entry.standing is Standing.ACTIVE and shown is not None:
        return replace(entry, standing=Standing.HIDDEN, note=f"{shown} is the same server")
    return entry


def _competes(entry: Entry) -> bool:
    return (
        entry.scope in _ORDER and entry.transport is not Transport.INVALID and entry.standing is not Standing.OVERRULED
    )


def _rank(entry: Entry, accepted: Callable[[str], bool]) -> tuple[int, int]:
    """The scope, then the nearness: a longer path is nearer, since all lie in parents of one directory."""
    if entry.scope is not Scope.PROJECT:
        return _ORDER.index(entry.scope), 0
    place = _ORDER.index(entry.scope) if accepted(entry.name) else len(_ORDER)
    return place, -len(os.path.dirname(entry.config_file))


def _behind(entry: Entry, winners: Mapping[str, Entry]) -> Entry:
    winner = winners.get(entry.name)
    if winner is None or winner is entry or not _competes(entry):
        return entry
    return replace(entry, standing=Standing.HIDDEN, note=f"{winner.scope}, {winner.config_file}")
