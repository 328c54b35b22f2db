"""Copilot CLI: `mcp-config.json` of the user and the portable `.mcp.json` of projects, read and not written.

A local server's type is `local`; `tools` must stay in each entry.
"""

from __future__ import annotations

import os

from mcpgw.registry.client import Client, Files, Place, listed_file, project_directories
from mcpgw.registry.dialect import REMOTE, Dialect
from mcpgw.registry.entry import Scope, Transport

NAME = "copilot-cli"
_DIALECT = Dialect(types={"local": Transport.STDIO, "stdio": Transport.STDIO} | REMOTE, closed=True)


def files(place: Place) -> Files:
    """The user's file and, where Copilot has ever run, the files of the projects around the working directory."""
    directory = place.chosen_dir("COPILOT_HOME", ".copilot")
    user = listed_file(NAME, os.path.join(directory, "mcp-config.json"), "mcpServers", _DIALECT)
    # The portable file is Claude Code's too: without Copilot its servers would be listed twice for nothing.
    projects = project_directories(place) if os.path.isdir(directory) else ()
    return (
        user,
        *(
            listed_file(NAME, os.path.join(each, ".mcp.json"), "mcpServers", _DIALECT, scope=Scope.PROJECT)
            for each in projects
        ),
    )


CLIENT = Client(NAME, "Copilot CLI", files, processes=frozenset({"copilot", "copilot.exe"}))
