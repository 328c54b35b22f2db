"""A person's machine in a temporary directory: a home with client files, a project, and a state directory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mcpgw.installers.sessions import Process
from mcpgw.paths import StateLayout
from mcpgw.registry.client import Client, Place
from mcpgw.registry.discover import CLIENTS, discover
from mcpgw.registry.entry import Entry


@dataclass(frozen=True, slots=True)
class ClientHome:
    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def project(self) -> Path:
        return self.root / "app"

    @property
    def layout(self) -> StateLayout:
        return StateLayout(str(self.root / "state"))

    @property
    def code_file(self) -> Path:
        return self.home / ".claude.json"

    @property
    def desktop_file(self) -> Path:
        return self.home / ".config" / "Claude" / "claude_desktop_config.json"

    @property
    def managed_file(self) -> Path:
        return self.root / "system" / "etc" / "claude-code" / "managed-mcp.json"

    @property
    def place(self) -> Place:
        return Place(str(self.home), {}, "linux", str(self.project), str(self.root / "system"))

    def environ(self) -> dict[str, str]:
        return {"HOME": str(self.home), "MCPGW_HOME": self.layout.root, "PATH": "/usr/bin:/bin"}

    def entries(self, *clients: Client) -> dict[str, Entry]:
        """By name, of these clients; of all by default."""
        return {entry.name: entry for entry in discover(self.place, clients or CLIENTS).entries}


def client_home(root: Path) -> ClientHome:
    """A home with no client file yet."""
    made = ClientHome(root)
    made.home.mkdir()
    made.project.mkdir()
    return made


def enter(
    made: ClientHome, monkeypatch: pytest.MonkeyPatch, *verbs: ModuleType, running: Sequence[Process] = ()
) -> ClientHome:
    """Makes it the home of this process, as a person in a shell of their own has it.

    verbs: command modules that look at processes; to them only `running` run.
    """
    for name in ("CLAUDECODE", "CLAUDE_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in made.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made.project)
    for verb in verbs:
        monkeypatch.setattr(verb, "running_processes", lambda: tuple(running))
    return made


def write(path: Path, value: Any) -> bytes:
    """Writes JSON as the clients do (or given bytes) and returns the bytes."""
    content = value if isinstance(value, bytes) else json.dumps(value, indent=2, ensure_ascii=False).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return content


def furnished(root: Path) -> ClientHome:
    """Two stdio servers and a remote one in Claude Code, one server in Desktop, one in a project file."""
    made = client_home(root)
    write(
        made.code_file,
        {
            "numStartups": 41,
            "mcpServers": {
                "fs": {"command": "npx", "args": ["-y", "fs", "${HOME}/work"], "env": {"TOKEN": "t"}, "timeout": 60000},
                "sentry": {"type": "http", "url": "https://mcp.sentry.dev/mcp"},
            },
            "projects": {str(made.project): {"mcpServers": {"db": {"type": "stdio", "command": "uvx"}}}},
        },
    )
    write(made.desktop_file, {"mcpServers": {"git mine": {"command": "git-mcp", "args": []}}, "preferences": {}})
    write(made.project / ".mcp.json", {"mcpServers": {"shared": {"command": "team"}}})
    return made


def shelve(plugins: Path, manifest: Any, servers: Any = None, *, root: Path | None = None) -> Path:
    """Installs the plugin `kit@shelf` as the client does: its record, its copy (or `root`), its manifest and servers."""
    copy = plugins / "cache" / "shelf" / "kit" / "1"
    records = [{"scope": "user", "installPath": str(copy)}]
    write(plugins / "installed_plugins.json", {"version": 2, "plugins": {"kit@shelf": records}})
    write((root or copy) / ".claude-plugin" / "plugin.json", {"name": "kit", **manifest})
    if servers is not None:
        write((root or copy) / ".mcp.json", servers)
    return copy
