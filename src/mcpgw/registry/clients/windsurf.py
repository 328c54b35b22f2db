"""Windsurf: one file of the user, read and not written; a remote server's key is `serverUrl`."""

from __future__ import annotations

import os

from mcpgw.registry.client import Client, Files, Place, listed_file
from mcpgw.registry.dialect import DISABLED, REMOTE, Dialect
from mcpgw.registry.entry import Transport

NAME = "windsurf"
DIALECT = Dialect(
    types=REMOTE, urls={"serverUrl": Transport.HTTP, "url": Transport.HTTP}, switches=(DISABLED,)
)  # Antigravity, made by the same people, speaks it too.


def files(place: Place) -> Files:
    """The user's file, on every platform below the home."""
    path = os.path.join(place.home, ".codeium", "windsurf", "mcp_config.json")
    return (listed_file(NAME, path, "mcpServers", DIALECT),)


CLIENT = Client(NAME, "Windsurf", files, processes=frozenset({"Windsurf", "Windsurf.exe", "windsurf"}))
