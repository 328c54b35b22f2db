"""The smallest home: one file of Claude Code with one server, and what routes it."""

from __future__ import annotations

from pathlib import Path

from mcpgw.installers.apply import Build, apply_install
from mcpgw.installers.deed import opened
from mcpgw.installers.plan import FilePlan, install_plan
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.entry import Scope
from support.client_home import client_home, write

FS = "claude-code:user:fs"


class OneServer:
    """One file with one server, and the builder of its plan."""

    def __init__(self, root: Path) -> None:
        self.home = client_home(root)
        self.content = write(self.home.code_file, {"mcpServers": {"fs": {"command": "npx", "args": ["-y"]}}})
        containers = (Container(("mcpServers",), Scope.USER),)
        self.file = ConfigFile("claude-code", str(self.home.code_file), containers, locked=True)
        self.plan = self.build(self.content)

    def build(self, content: bytes) -> FilePlan:
        return install_plan(self.file, content, frozenset({FS}), self.home.layout.launcher)

    def on_disk(self) -> bytes:
        return self.home.code_file.read_bytes()

    def install(self, build: Build | None = None) -> FilePlan:
        return apply_install(opened(self.home.layout, now=1.0), self.plan, build or self.build)
