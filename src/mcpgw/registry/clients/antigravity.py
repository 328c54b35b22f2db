"""Antigravity: one file of the user, read and not written; entries are as in Windsurf."""

from __future__ import annotations

import os

from mcpgw.registry.client import Client, Files, Place, listed_file
from mcpgw.registry.clients.windsurf import DIALECT

NAME = "antigravity"


def files(place: Place) -> Files:
    """The user's file, on every platform below the home."""
    path = os.path.join(place.home, ".gemini", "antigravity", "mcp_config.json")
    return (listed_file(NAME, path, "mcpServers", DIALECT),)


CLIENT = Client(NAME, "Antigravity", files, processes=frozenset({"Antigravity", "Antigravity.exe", "antigravity"}))
