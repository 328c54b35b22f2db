"""A home of the real Claude Code client with servers from every source, and the directories to look at them from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import parts
from support.claude_home import ClaudeHome
from support.client_home import write

SERVER = [sys.executable, str(Path(__file__).with_name("mock_server.py"))]
PLUGIN = "kit@shelf"


def server(mark: str) -> dict[str, Any]:
    """An entry that connects; the mark tells it from the others."""
    return {"command": SERVER[0], "args": [*SERVER[1:], f"mark={mark}"]}


@dataclass(frozen=True, slots=True)
class ClaudeProjects:
    """claude: its home; the client is started in `directory`."""

    claude: ClaudeHome

    @property
    def root(self) -> Path:
        return self.claude.root

    @property
    def app(self) -> Path:
        """A repository; everything else lies beside it or in it."""
        return self.root / "code" / "app"

    @property
    def subdirectory(self) -> Path:
        return self.app / "sub" / "deep"

    @property
    def worktree(self) -> Path:
        return self.root / "worktree"

    @property
    def link(self) -> Path:
        return self.root / "link"

    @property
    def elsewhere(self) -> Path:
        return self.root / "project"


def git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.email=ada@example.org", "-c", "user.name=Ada", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(directory), *identity, *arguments], check=True, capture_output=True, timeout=30)


def claude_projects(root: Path) -> ClaudeProjects:
    """Everything that the client reads, save what only an administrator can write."""
    made = ClaudeProjects(ClaudeHome(root, parts.claude_code()))
    made.elsewhere.mkdir(parents=True)
    _repository(made)
    _plugins(made)
    write(root / ".claude.json", _user_file(made))
    settings = root / ".claude" / "settings.json"
    write(settings, {**json.loads(settings.read_bytes()), "deniedMcpServers": [{"serverName": "denied"}]})
    write(
        made.app / ".claude" / "settings.local.json",
        {"enabledMcpjsonServers": ["shared", "everywhere", "nested"], "disabledMcpjsonServers": ["re_jected"]},
    )
    (root / ".claude" / "agents").mkdir()
    (root / ".claude" / "agents" / "critic.md").write_text(
        "---\nname: critic\ndescription: d\nmcpServers:\n  - plain\n  - inline:\n      command: agent-server\n---\nBe kind.\n"
    )
    return made


def _repository(made: ClaudeProjects) -> None:
    made.subdirectory.mkdir(parents=True)
    git(made.app, "init", "-q")
    shared = {name: server(f"app {name}") for name in ("shared", "everywhere", "waiting", "re.jected", "overshadowed")}
    write(made.app / ".mcp.json", {"mcpServers": shared})
    git(made.app, "add", "-A")
    git(made.app, "commit", "-qm", "one")
    git(made.app, "worktree", "add", "-q", str(made.worktree))
    os.symlink(made.app, made.link)
    write(made.app.parent / ".mcp.json", {"mcpServers": {"above": server("above"), "shared": server("far")}})
    write(made.app / "sub" / ".mcp.json", {"mcpServers": {"nested": server("sub"), "shared": server("near")}})


def _plugins(made: ClaudeProjects) -> None:
    shelf = made.root / "shelf"
    for name, servers in (
        ("kit", {"one": server("kit one"), "copied": server("copied"), "off": server("kit off")}),
        ("spare", {"unused": server("spare")}),
    ):
        write(
            shelf / name / ".claude-plugin" / "plugin.json", {"name": name, "version": "1.0.0", "mcpServers": servers}
        )
    write(shelf / "kit" / ".mcp.json", {"flat": server("${CLAUDE_PLUGIN_ROOT}")})
    write(
        shelf / ".claude-plugin" / "marketplace.json",
        {
            "name": "shelf",
            "owner": {"name": "x"},
            "plugins": [{"name": name, "source": f"./{name}"} for name in ("kit", "spare")],
        },
    )
    for arguments in (
        ("marketplace", "add", str(shelf)),
        ("install", PLUGIN),
        ("install", "spare@shelf"),
        ("disable", "spare@shelf"),
    ):
        done = made.claude.claude("plugin", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr


def _user_file(made: ClaudeProjects) -> dict[str, Any]:
    names = (
        "plain",
        "my server",
        "dot.ted",
        "ünï",
        'quo"te',
        "everywhere",
        "overshadowed",
        "denied",
        "switched",
        "workspace",
    )
    users = {name: server(f"user {name}") for name in names} | {"copied": server("copied"), "broken": {"command": 7}}
    local = {"mine": server("mine"), "everywhere": server("local")}
    found: dict[str, Any] = json.loads(made.claude.config.read_bytes())
    return {
        **found,
        "mcpServers": users,
        "projects": {
            str(made.app): {
                "mcpServers": local,
                "hasTrustDialogAccepted": True,
                "disabledMcpServers": ["switched", "plugin:kit:off"],
            },
            str(made.worktree): {"mcpServers": {"lost": server("lost")}},
        },
    }
