"""Servers that lie in no file of servers, read as if they did: of plugins, of subagents, of the user's account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcpgw.registry.claude.locations import NAME
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.entry import Entry, Scope
from mcpgw.registry.reading import entries_of, open_document

_KEY = "mcpServers"


def entries_in(
    path: str,
    servers: Mapping[str, Any],
    scope: Scope,
    *,
    prefix: str = "",
    note: str | None = None,
    several: bool = False,
) -> tuple[Entry, ...]:
    """The entries of `servers`, which stand in `path`.

    prefix: what the client puts before each name.  note: who brings them.  several: more than one file may hold a name.
    """
    file = ConfigFile(NAME, path, (Container((_KEY,), scope, prefix),), editable=False, several=several)
    # Names and values are what a YAML or JSON reader gave; ASCII keeps lone surrogates as they are.
    document = open_document(file, json.dumps({_KEY: dict(servers)}, default=str).encode("ascii"))
    return tuple(replace(entry, note=entry.note or note) for entry, _ in entries_of(file, document))
