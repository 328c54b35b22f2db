"""Two entries with the same endpoint are one server to the client, which starts the plugin's only without the other.

So routing the other, which changes its command, would wake the plugin's copy up beside the gateway.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mcpgw.registry.claude.restrictions import expand
from mcpgw.registry.entry import Entry, Scope, Standing, Transport

Endpoint: TypeAlias = tuple[str, ...]
OWN_SCOPES = frozenset({Scope.USER, Scope.LOCAL, Scope.PROJECT})
_ASLEEP = frozenset({Standing.DISABLED, Standing.DENIED, Standing.OVERRULED})


@dataclass(frozen=True, slots=True)
class Twin:
    """An entry of the user's and the plugin's copy of the same server."""

    entry: Entry
    plugin: Entry


def endpoint(entry: Entry, environ: Mapping[str, str]) -> Endpoint | None:
    """What the entry starts or talks to, routed or not; None when nothing is known of it."""
    if entry.original_argv:
        return tuple(expand(each, environ) for each in entry.original_argv)
    return ("", expand(entry.url, environ)) if entry.url else None


def twins(entries: Iterable[Entry], environ: Mapping[str, str]) -> tuple[Twin, ...]:
    """Each entry of the user's that a plugin brings too, unless the plugin is off.

    Of one that is routed already the plugin's copy runs now, without the gateway.
    """
    everything = tuple(entries)
    plugins = {
        key: entry
        for entry in reversed(everything)
        if entry.scope is Scope.PLUGIN and entry.standing not in _ASLEEP and entry.transport is not Transport.INVALID
        if (key := endpoint(entry, environ)) is not None
    }
    return tuple(
        Twin(entry, plugins[key])
        for entry in everything
        if entry.scope in OWN_SCOPES and (key := endpoint(entry, environ)) in plugins
        if key is not None
    )
