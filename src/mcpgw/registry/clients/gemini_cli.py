"""Gemini CLI: `mcpServers` in the settings of the user and of projects, read and not written.

A bare `url` is an SSE server, `httpUrl` a streamable HTTP one.
"""

from __future__ import annotations

import os

from mcpgw.registry.client import Client, Files, Place, listed_file, project_directories
from mcpgw.registry.dialect import REMOTE, Dialect
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Scope, Transport

NAME = "gemini-cli"
_DIALECT = Dialect(types=REMOTE, urls={"httpUrl": Transport.HTTP, "url": Transport.SSE})


def files(place: Place) -> Files:
    """The user's settings and those of the projects around the working directory; comments are allowed in them."""
    found = ((place.home, Scope.USER), *((each, Scope.PROJECT) for each in project_directories(place)))
    return tuple(
        listed_file(
            NAME,
            os.path.join(directory, ".gemini", "settings.json"),
            "mcpServers",
            _DIALECT,
            scope=scope,
            syntax=Syntax.JSONC,
        )
        for directory, scope in found
    )


CLIENT = Client(NAME, "Gemini CLI", files, processes=frozenset({"gemini", "gemini.exe"}))
