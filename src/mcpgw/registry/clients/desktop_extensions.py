"""Extensions of Claude Desktop (MCPB, once DXT) bring servers that the app signs, updates and starts by itself.

`Claude Extensions/<id>/manifest.json` says what one starts, `extensions-installations.json` keeps a copy of each
manifest, `Claude Extensions Settings/<id>.json` says whether it is on. All are read, and none is ever written.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from mcpgw.files import read_bytes
from mcpgw.registry.client import Problem, Verdict
from mcpgw.registry.dialect import Dialect, meaning
from mcpgw.registry.entry import Entry, Scope, Standing

_DIRECTORY = "Claude Extensions"
_SETTINGS = "Claude Extensions Settings"
_INSTALLED = "extensions-installations.json"
# `${__dirname}` and `${user_config.x}` are the app's to expand; without `mcp_config` it makes the command up itself.
_DIALECT = Dialect(provided="entry_point")


def extensions_in(client: str, directory: str) -> Verdict:
    """The extensions that are installed in the app's directory; a broken file says nothing and is reported."""
    problems: list[Problem] = []
    entries = tuple(
        _entry(client, path, _name(manifest, extension), _server(manifest), on=_is_on(directory, extension))
        for extension, path, manifest in _manifests(directory, problems)
    )
    return Verdict(entries, tuple(problems))


def _manifests(directory: str, problems: list[Problem]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Id, file and manifest of each extension: its own manifest, else the copy in the list of what is installed."""
    record = os.path.join(directory, _INSTALLED)
    listed = _object(_object(_read(record, problems)).get("extensions"))
    for extension in sorted({*listed, *_unpacked(directory)}):
        path = os.path.join(directory, _DIRECTORY, extension, "manifest.json")
        own = _read(path, problems)
        if own is not None:
            yield extension, path, _object(own)
        elif extension in listed:
            yield extension, record, _object(_object(listed[extension]).get("manifest"))


def _entry(client: str, path: str, name: str, server: Any, *, on: bool) -> Entry:
    found = meaning(server, _DIALECT)
    return Entry(
        client=client,
        scope=Scope.EXTENSION,
        config_file=path,
        project_key=None,
        name=name,
        transport=found.transport,
        command=found.command,
        args=found.args,
        env_keys=found.env_keys,
        url=None,
        value=json.dumps(server),
        note=found.note,
        standing=Standing.ACTIVE if on else Standing.DISABLED,
        several=True,
    )


def _name(manifest: Mapping[str, Any], extension: str) -> str:
    names = (manifest.get("display_name"), manifest.get("name"), extension)
    return next(each for each in names if isinstance(each, str) and each)


def _server(manifest: Mapping[str, Any]) -> Any:
    server = _object(manifest.get("server"))
    return server.get("mcp_config", server)


def _is_on(directory: str, extension: str) -> bool:
    """Without a word of the settings it counts as on: it is counted as unprotected sooner than not at all."""
    return _object(_read(os.path.join(directory, _SETTINGS, f"{extension}.json"), [])).get("isEnabled") is not False


def _unpacked(directory: str) -> list[str]:
    try:
        return os.listdir(os.path.join(directory, _DIRECTORY))
    except OSError:
        return []


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _read(path: str, problems: list[Problem]) -> Any:
    """The JSON of a file; None for an absent or broken one."""
    try:
        return json.loads(read_bytes(path).decode("utf-8-sig", "replace"))
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            problems.append(Problem(path, f"{path} cannot be read: {error.strerror}", "Mend the file.", blocking=False))
    except (ValueError, RecursionError):
        problems.append(
            Problem(path, f"{path} is not JSON, so its extension is not known", "Mend the file.", blocking=False)
        )
    return None
