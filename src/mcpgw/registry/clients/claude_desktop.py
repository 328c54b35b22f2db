"""Claude Desktop: one strict-JSON file, stdio servers only; it rewrites the file from memory, so it must be closed."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mcpgw.registry.client import Client, ConfigFile, Container, Files, Place, Reading, Verdict
from mcpgw.registry.clients.desktop_extensions import extensions_in
from mcpgw.registry.dialect import Dialect
from mcpgw.registry.entry import Entry, Scope, Transport

NAME = "claude-desktop"
_FILE = "claude_desktop_config.json"
_CONTAINERS = (Container(("mcpServers",), Scope.USER),)
_DIALECT = Dialect(
    urls={"url": Transport.INVALID}, no_remote="the app starts local servers only; remote ones are its connectors"
)
# The name of the app's directory; builds that use other model providers keep their own.
_APP, _OTHER_PROVIDERS = "Claude", "Claude-3p"


def files(place: Place) -> Files:
    """The config file of this platform; on Windows the one of the packaged app where that has been launched."""
    usual = os.path.join(place.config_home, _APP)
    return tuple(
        ConfigFile(NAME, os.path.join(directory, _FILE), _CONTAINERS, several=directory != usual, dialect=_DIALECT)
        for directory in _directories(place)
    )


def judge(place: Place, readings: tuple[Reading, ...], entries: tuple[Entry, ...]) -> Verdict:
    """The servers of the files, and those that extensions of the app bring."""
    found = [extensions_in(NAME, directory) for directory in _directories(place)]
    brought = tuple(entry for each in found for entry in each.entries)
    return Verdict((*entries, *brought), tuple(problem for each in found for problem in each.problems))


def _directories(place: Place) -> tuple[str, ...]:
    """The app's own directories; those that may or may not be there count only where they are."""
    usual = os.path.join(place.config_home, _APP)
    others = os.path.join(place.config_home, _OTHER_PROVIDERS)
    if place.platform != "win32":
        return (usual, *_existing(others))
    local = place.environ.get("LOCALAPPDATA") or os.path.join(place.home, "AppData", "Local")
    packaged = tuple(_packaged(os.path.join(local, "Packages")))
    # An older, unpackaged app may still be in use beside the package: it counts only if it has a file.
    unpackaged = () if packaged and not os.path.exists(os.path.join(usual, _FILE)) else (usual,)
    return (*packaged, *unpackaged, *_existing(others, os.path.join(local, _OTHER_PROVIDERS)))


def _packaged(packages: str) -> Iterator[str]:
    """A packaged (MSIX) app sees its own copy of %APPDATA%; a package that was never launched has none."""
    for name in _names(packages):
        if "claude" in name.lower():
            roaming = os.path.join(packages, name, "LocalCache", "Roaming")
            yield from _existing(os.path.join(roaming, _APP), os.path.join(roaming, _OTHER_PROVIDERS))


def _existing(*directories: str) -> tuple[str, ...]:
    return tuple(each for each in directories if os.path.isdir(each))


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


CLIENT = Client(
    NAME,
    "Claude Desktop",
    files,
    processes=frozenset({"Claude", "Claude.exe", "claude-desktop"}),
    must_be_closed=True,
    judge=judge,
)
