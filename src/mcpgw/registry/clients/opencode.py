"""opencode: `mcp` in the user's and the projects' `opencode.json`, read and not written.

`command` is one list of the executable and its arguments, `environment` its environment; comments are allowed in
`.json` files too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from mcpgw.registry.client import Client, ConfigFile, Files, Place, listed_file, project_directories
from mcpgw.registry.dialect import NOT_ENABLED, Dialect, Words
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Scope, Transport

NAME = "opencode"
_FILES = ("opencode.json", "opencode.jsonc")


def in_one_list(value: Mapping[str, Any]) -> Words:
    """`"command": ["npx", "-y", "server"]`."""
    words = value.get("command")
    return (words[0], words[1:]) if isinstance(words, list) and words else (None, [])


_DIALECT = Dialect(
    types={"local": Transport.STDIO, "remote": Transport.HTTP},
    closed=True,
    words=in_one_list,
    env="environment",
    switches=(NOT_ENABLED,),
)


def files(place: Place) -> Files:
    """The user's files, and those of the projects around the working directory."""
    user = _in(os.path.join(place.xdg_config_home, "opencode"), Scope.USER)
    around = (path for each in project_directories(place) for path in (each, os.path.join(each, ".opencode")))
    return (*user, *(file for directory in around for file in _in(directory, Scope.PROJECT)))


def _in(directory: str, scope: Scope) -> Iterator[ConfigFile]:
    for name in _FILES:
        path = os.path.join(directory, name)
        several = name != _FILES[0]
        yield listed_file(NAME, path, "mcp", _DIALECT, scope=scope, syntax=Syntax.JSONC, several=several)


CLIENT = Client(NAME, "opencode", files, processes=frozenset({"opencode", "opencode.exe"}))
