"""Kiro: one file of the user and one in each project, read and not written."""

from __future__ import annotations

import os

from mcpgw.registry.client import Client, Files, Place, listed_file, project_directories
from mcpgw.registry.dialect import DISABLED, REMOTE, Dialect
from mcpgw.registry.entry import Scope

NAME = "kiro"
_DIALECT = Dialect(types=REMOTE, switches=(DISABLED,))


def files(place: Place) -> Files:
    """The user's file and those of the projects around the working directory."""
    found = ((place.home, Scope.USER), *((each, Scope.PROJECT) for each in project_directories(place)))
    return tuple(
        listed_file(NAME, os.path.join(each, ".kiro", "settings", "mcp.json"), "mcpServers", _DIALECT, scope=scope)
        for each, scope in found
    )


CLIENT = Client(NAME, "Kiro", files, processes=frozenset({"Kiro", "Kiro.exe", "kiro"}))
