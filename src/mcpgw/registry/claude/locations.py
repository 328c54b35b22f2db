"""Where Claude Code keeps its files; `CLAUDE_CONFIG_DIR` moves all of the user's at once."""

from __future__ import annotations

import os

from mcpgw.registry.client import Place

NAME = "claude-code"
PROJECT_FILE = ".mcp.json"


def moved(place: Place) -> bool:
    """Whether the user keeps the client's files elsewhere: then ids must tell this directory from the usual one."""
    return bool(place.environ.get("CLAUDE_CONFIG_DIR"))


def user_file(place: Place) -> str:
    """The file with the user's servers and what the client knows of each project."""
    return os.path.join(place.environ.get("CLAUDE_CONFIG_DIR") or place.home, ".claude.json")


def config_dir(place: Place) -> str:
    """Settings, plugins, subagents and logins of the user."""
    return place.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(place.home, ".claude")


def managed_file(place: Place, name: str) -> str:
    """A file of the administrator's."""
    match place.platform:
        case "darwin":
            directory = "/Library/Application Support/ClaudeCode"
        case "win32":
            directory = "C:\\Program Files\\ClaudeCode"
        case _:
            directory = "/etc/claude-code"
    return os.path.join(place.system_root + directory, name)


def managed_settings(place: Place) -> tuple[str, ...]:
    """The administrator's settings: the file itself, then the drop-ins by name; hidden files do not count."""
    drop_ins = managed_file(place, "managed-settings.d")
    names = [name for name in names_in(drop_ins) if name.endswith(".json") and not name.startswith(".")]
    return (managed_file(place, "managed-settings.json"), *(os.path.join(drop_ins, name) for name in names))


def names_in(directory: str) -> list[str]:
    """What lies in the directory, by name; nothing where it cannot be listed."""
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
