"""Claude Desktop: one strict-JSON file, stdio servers only; it rewrites the file from memory, so it must be closed."""

from __future__ import annotations

import os

from mcpgw.registry.client import Client, ConfigFile, Container, Files, Place
from mcpgw.registry.entry import Scope

NAME = "claude-desktop"
_FILE = "claude_desktop_config.json"
_CONTAINERS = (Container(("mcpServers",), Scope.USER),)


def files(place: Place) -> Files:
    """The config file of this platform; on Windows the one of the packaged app where that has been launched."""
    return tuple(ConfigFile(NAME, os.path.join(directory, _FILE), _CONTAINERS) for directory in _directories(place))


def _directories(place: Place) -> tuple[str, ...]:
    match place.platform:
        case "darwin":
            return (os.path.join(place.home, "Library", "Application Support", "Claude"),)
        case "win32":
            return _windows_directories(place)
        case _:
            chosen = place.environ.get("XDG_CONFIG_HOME", "")
            base = chosen if os.path.isabs(chosen) else os.path.join(place.home, ".config")
            return (os.path.join(base, "Claude"),)


def _windows_directories(place: Place) -> tuple[str, ...]:
    """A packaged (MSIX) app sees its own copy of %APPDATA%; a package that was never launched has none."""
    local = place.environ.get("LOCALAPPDATA") or os.path.join(place.home, "AppData", "Local")
    packages = os.path.join(local, "Packages")
    packaged = [
        directory
        for name in _names(packages)
        if "claude" in name.lower()
        and os.path.isdir(directory := os.path.join(packages, name, "LocalCache", "Roaming", "Claude"))
    ]
    roaming = place.environ.get("APPDATA") or os.path.join(place.home, "AppData", "Roaming")
    plain = os.path.join(roaming, "Claude")
    if not packaged:
        return (plain,)
    # An older, unpackaged app may still be in use beside the package: its file counts only if it exists.
    return (*packaged, plain) if os.path.exists(os.path.join(plain, _FILE)) else tuple(packaged)


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
)
