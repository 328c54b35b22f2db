"""A project whose `.mcp.json` shares one server, approved or not, and the command line that a client starts it with."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from mcpgw.installers.trust import ProjectEntry, record_approvals
from mcpgw.paths import StateLayout
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Scope, entry_id, wrap
from support.peer import mock

NAME = "shared"
APPROVED_AT = 1_700_000_000.0


@dataclass(frozen=True, slots=True)
class SharedProject:
    root: Path
    layout: StateLayout

    @property
    def file(self) -> Path:
        return self.root / ".mcp.json"

    @property
    def entry_id(self) -> str:
        return entry_id("claude-code", Scope.PROJECT, NAME, str(self.file), None)

    def share(self, *argv: str, env: dict[str, str] | None = None) -> None:
        """Writes the file as people share it."""
        self._write({"command": argv[0], "args": list(argv[1:]), "env": env or {}})

    def share_routed(self, *argv: str) -> None:
        """Writes the file with the entry rewritten, as `edit` leaves it."""
        self._write({"command": self.layout.launcher, "args": list(wrap(self.entry_id, argv[0], argv[1:]))})

    def approve(self, *argv: str, env: tuple[str, ...] = (), kind: str = "shadow") -> None:
        """Records these words as approved."""
        record_approvals(self.layout, [self.entry(*argv, env=env, kind=kind)], now=APPROVED_AT)

    def entry(self, *argv: str, env: tuple[str, ...] = (), kind: str = "shadow") -> ProjectEntry:
        return ProjectEntry(
            entry_id=self.entry_id,
            config_file=str(self.file),
            container=("mcpServers",),
            name=NAME,
            syntax=Syntax.JSON,
            kind=kind,
            command=argv[0],
            args=tuple(argv[1:]),
            env_keys=env,
            project=str(self.root),
        )

    def gateway(self, *argv: str) -> list[str]:
        """An ad hoc gateway that serves the entry."""
        return [sys.executable, "-m", "mcpgw", "run", "--entry", self.entry_id, "--", *argv]

    def program(self, *options: str) -> str:
        """A program in the project that runs the scripted server."""
        path = self.root / "server.sh"
        path.write_text("#!/bin/sh\nexec " + " ".join(map(json.dumps, mock(*options))) + "\n")
        path.chmod(0o755)
        return str(path)

    def _write(self, entry: dict[str, object]) -> None:
        self.file.write_text(json.dumps({"mcpServers": {NAME: entry}}))


def shared_project(root: Path, state: Path) -> SharedProject:
    """A project below `root` that shares nothing yet."""
    made = SharedProject(root / "app", StateLayout(str(state)))
    made.root.mkdir(parents=True)
    return made
