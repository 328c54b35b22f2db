"""Cline: the extension keeps its file in the global storage of each VS Code, the command line below the home.

Read and not written: it watches its file and restarts servers at once. An `url` without a type is an SSE server.
"""

from __future__ import annotations

import os

from mcpgw.registry.client import Client, Files, Place, listed_file
from mcpgw.registry.clients.vscode import user_directories
from mcpgw.registry.dialect import DISABLED, REMOTE, Dialect
from mcpgw.registry.entry import Transport

NAME = "cline"
_FILE = os.path.join("settings", "cline_mcp_settings.json")
_DIALECT = Dialect(types=REMOTE | {"streamableHttp": Transport.HTTP}, urls={"url": Transport.SSE}, switches=(DISABLED,))


def files(place: Place) -> Files:
    """The extension's file in VS Code first, then those in its siblings and the command line's."""
    storages = [os.path.join(each, "globalStorage", "saoudrizwan.claude-dev") for each in user_directories(place)]
    first, *others = (os.path.join(each, _FILE) for each in (*storages, os.path.join(place.home, ".cline", "data")))
    return (
        listed_file(NAME, first, "mcpServers", _DIALECT),
        *(listed_file(NAME, path, "mcpServers", _DIALECT, several=True) for path in others),
    )


CLIENT = Client(NAME, "Cline", files, processes=frozenset({"cline", "cline.exe"}))
