"""Zed: `context_servers` in the editor's whole settings (JSONC), of the user and of projects, read and not written.

An entry with nothing but `settings` belongs to a server that an extension brings. Before 2025 the command was nested.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcpgw.registry.client import Client, ConfigFile, Files, Place, Reading, Verdict, listed_file, project_directories
from mcpgw.registry.dialect import NOT_ENABLED, REMOTE, Dialect, Words, apart
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Entry, Scope, Transport

NAME = "zed"


def nested(value: Mapping[str, Any]) -> Words:
    """`"command": {"path": "npx", "args": ["-y"]}`, or as nearly all clients have it."""
    inner = value.get("command")
    return (inner.get("path"), inner.get("args", [])) if isinstance(inner, dict) else apart(value)


_DIALECT = Dialect(types=REMOTE, words=nested, switches=(NOT_ENABLED,), provided="settings")


def files(place: Place) -> Files:
    """The user's settings and those of the projects around the working directory."""
    first, *others = _user_directories(place)
    return (
        _file(first),
        *(replace(_file(each), several=True) for each in others),
        *(_file(os.path.join(each, ".zed"), Scope.PROJECT) for each in project_directories(place)),
    )


def judge(place: Place, readings: tuple[Reading, ...], entries: tuple[Entry, ...]) -> Verdict:
    """What an extension brings is in its scope."""
    return Verdict(tuple(replace(each, scope=Scope.EXTENSION) if _provided(each) else each for each in entries))


def _provided(entry: Entry) -> bool:
    return entry.transport is Transport.STDIO and entry.command is None


def _user_directories(place: Place) -> tuple[str, ...]:
    if place.platform == "win32":
        return (os.path.join(place.config_home, "Zed"),)
    ours = os.path.join(place.xdg_config_home, "zed")
    return (ours, os.path.join(place.config_home, "Zed")) if place.platform == "darwin" else (ours,)


def _file(directory: str, scope: Scope = Scope.USER) -> ConfigFile:
    path = os.path.join(directory, "settings.json")
    return listed_file(NAME, path, "context_servers", _DIALECT, scope=scope, syntax=Syntax.JSONC)


CLIENT = Client(NAME, "Zed", files, processes=frozenset({"zed", "Zed", "Zed.exe", "zed-editor"}), judge=judge)
