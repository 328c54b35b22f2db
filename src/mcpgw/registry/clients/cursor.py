"""Cursor: the user's `~/.cursor/mcp.json`, and one in each project; `url` needs no `type`.

`${env:V}` and `${workspaceFolder}` are expanded by Cursor, in `args` as in `command`, so they stay as they are.
"""

from __future__ import annotations

import os

from mcpgw.registry.client import Client, ConfigFile, Container, Files, Place, project_directories
from mcpgw.registry.dialect import BY_KEYS
from mcpgw.registry.entry import Scope

NAME = "cursor"


def files(place: Place) -> Files:
    """The user's file and those of the projects around the working directory."""
    user = ConfigFile(NAME, _in(place.home), (Container(("mcpServers",), Scope.USER),), dialect=BY_KEYS)
    return (user, *(_project_file(each) for each in project_directories(place)))


def _project_file(directory: str) -> ConfigFile:
    containers = (Container(("mcpServers",), Scope.PROJECT),)
    return ConfigFile(NAME, _in(directory), containers, editable=False, dialect=BY_KEYS)


def _in(directory: str) -> str:
    return os.path.join(directory, ".cursor", "mcp.json")


CLIENT = Client(NAME, "Cursor", files, processes=frozenset({"Cursor", "Cursor.exe", "cursor"}))
