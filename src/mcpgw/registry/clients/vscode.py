"""VS Code, Insiders and VSCodium: `mcp.json` of the user and of each profile, with `servers` beside `inputs`.

`${input:ID}` and `${workspaceFolder}` are expanded by VS Code alone, in `args` as in `command`, so they stay as they
are. A sandboxed server may write only to places that its entry names: the gateway could keep no journal there.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import replace
from types import NoneType

from mcpgw.registry.client import Client, ConfigFile, Container, Files, Place, project_directories
from mcpgw.registry.dialect import REMOTE, Dialect
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Scope, Standing, Transport

NAME = "vscode"
_PROGRAMS = ("Code", "Code - Insiders", "VSCodium")
_DIALECT = Dialect(
    types={"stdio": Transport.STDIO} | REMOTE,
    closed=True,
    env_values=(str, float, NoneType),
    switches=(("sandboxEnabled", True, Standing.SANDBOXED),),
)
# Before `mcp.json`; VS Code moves them there when it next starts.
_OLD_CONTAINERS = (Container(("mcp", "servers"), Scope.USER), Container(("mcp.servers",), Scope.USER))


def user_directories(place: Place) -> tuple[str, ...]:
    """The `User` directory of each program, VS Code's own first; extensions keep their files below it."""
    return tuple(os.path.join(place.config_home, program, "User") for program in _PROGRAMS)


def files(place: Place) -> Files:
    """User files, profile files, older settings, and the files of the projects around the working directory."""
    return (*_user_files(place), *_project_files(place))


def _user_files(place: Place) -> Iterator[ConfigFile]:
    first, *others = user_directories(place)
    yield _file(os.path.join(first, "mcp.json"), Scope.USER)
    paths = [os.path.join(directory, "mcp.json") for directory in others]
    for directory in (first, *others):
        paths += sorted(glob.glob(os.path.join(glob.escape(directory), "profiles", "*", "mcp.json")))
    yield from (replace(_file(path, Scope.USER), several=True) for path in paths)
    for directory in (first, *others):
        settings = _file(os.path.join(directory, "settings.json"), Scope.USER)
        yield replace(
            settings, containers=_OLD_CONTAINERS, editable=False, several=True, untouched=Standing.LISTED_ONLY
        )


def _project_files(place: Place) -> Iterator[ConfigFile]:
    ever_ran = any(os.path.isdir(directory) for directory in user_directories(place))
    for directory in project_directories(place):
        yield replace(_file(os.path.join(directory, ".vscode", "mcp.json"), Scope.PROJECT), editable=False)
        if ever_ran:
            # The portable file is Claude Code's too: without VS Code its servers would be listed twice for nothing.
            containers = (Container(("mcpServers",), Scope.PROJECT),)
            portable = _file(os.path.join(directory, ".mcp.json"), Scope.PROJECT)
            # Two clients that edit one file would give one server two ids.
            yield replace(portable, containers=containers, editable=False, untouched=Standing.LISTED_ONLY)


def _file(path: str, scope: Scope) -> ConfigFile:
    return ConfigFile(NAME, path, (Container(("servers",), scope),), syntax=Syntax.JSONC, dialect=_DIALECT)


CLIENT = Client(
    NAME,
    "VS Code",
    files,
    processes=frozenset({"code", "Code", "Code.exe", "code-insiders", "Code - Insiders.exe", "codium", "VSCodium.exe"}),
)
