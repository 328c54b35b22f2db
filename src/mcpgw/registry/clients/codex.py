"""Codex (CLI, app and IDE share it): TOML tables `[mcp_servers.NAME]` of the user, and of projects that Codex trusts.

Codex passes its servers only a short list of variables and those that the entry names: the gateway gets no more. It
needs no more, since its launcher names its interpreter, its runtime and its state directory absolutely.
"""

from __future__ import annotations

import os

from mcpgw.registry.client import Client, ConfigFile, Container, Files, Place, project_directories
from mcpgw.registry.dialect import NOT_ENABLED, Dialect
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Scope

NAME = "codex"
_DIALECT = Dialect(switches=(NOT_ENABLED,))


def files(place: Place) -> Files:
    """The user's file and those of the projects around the working directory."""
    user = _file(place.chosen_dir("CODEX_HOME", ".codex"), Scope.USER)
    projects = (_file(os.path.join(each, ".codex"), Scope.PROJECT) for each in project_directories(place))
    return (user, *(file for file in projects if file.path != user.path))


def _file(directory: str, scope: Scope) -> ConfigFile:
    return ConfigFile(
        NAME,
        os.path.join(directory, "config.toml"),
        (Container(("mcp_servers",), scope),),
        editable=scope is Scope.USER,
        syntax=Syntax.TOML,
        dialect=_DIALECT,
    )


CLIENT = Client(NAME, "Codex", files, processes=frozenset({"codex", "codex.exe"}))
