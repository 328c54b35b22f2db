"""The real Claude Code client in a scratch home: offline, without credentials, and nothing of the user's in sight."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.messages_api import model_that_calls

CLIENT_SECONDS = 90
QUIET = {
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "ENABLE_TOOL_SEARCH": "false",  # else tools of servers are deferred, and the model here would not see them
    "MCP_CONNECTION_NONBLOCKING": "0",
}


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a real session got back from its tool call.

    tools: of all servers, as the model was offered them.  commands: what prompts became.
    """

    content: Any
    is_error: bool
    servers: dict[str, str]
    tools: dict[str, Any]
    commands: list[str]


@dataclass(frozen=True, slots=True)
class ClaudeHome:
    """root: HOME of the client.  binary: the client.  directory: where programs start; the project by default.

    settings: further variables, for the client and for the gateway.
    """

    root: Path
    binary: str
    directory: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.root / ".claude.json"

    @property
    def note(self) -> Path:
        return self.root / "project" / "note.txt"

    def environ(self, **extra: str) -> dict[str, str]:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        base = {"HOME": str(self.root), "PATH": path, "TERM": "xterm", "LANG": "C.UTF-8", "USER": "tester"}
        return {**base, **QUIET, **self.settings, **extra}

    def claude(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return self._run([self.binary, *arguments], self.environ(**extra))

    def claude_in(self, directory: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return self.run_in(directory, [self.binary, *arguments], **extra)

    def run_in(self, directory: Path, argv: list[str], **extra: str) -> subprocess.CompletedProcess[str]:
        return self._run(argv, self.environ(**extra), directory)

    def mcpgw(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-m", "mcpgw", *arguments], self.environ())

    def mcpgw_json(self, *arguments: str) -> Any:
        done = self.mcpgw(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def connected(self) -> set[str]:
        """The servers that `claude mcp list` calls connected."""
        listed = self.claude("mcp", "list").stdout
        return {line.split(":", 1)[0] for line in listed.splitlines() if "Connected" in line}

    def call(self, server: str, tool: str, arguments: dict[str, Any], *options: str) -> ToolOutcome:
        """A real session, started with `options`, in which the model calls the tool once."""
        name = f"mcp__{server}__{tool}"
        with model_that_calls(name, arguments) as model:
            done = self.claude(
                *("-p", "hi", "--output-format", "stream-json", "--verbose", "--allowedTools", name, *options),
                ANTHROPIC_BASE_URL=model.url,
                ANTHROPIC_API_KEY="sk-ant-dummy",
            )
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        servers = {each["name"]: each["status"] for event in events for each in event.get("mcp_servers", [])}
        commands = [each for event in events for each in event.get("slash_commands", []) if each.startswith("mcp__")]
        for event in events:
            for block in event.get("message", {}).get("content", []) if event.get("type") == "user" else []:
                if isinstance(block, dict) and block.get("type") == "tool_result":
                    return ToolOutcome(block["content"], bool(block.get("is_error")), servers, model.tools, commands)
        raise AssertionError(f"the session called no tool: {done.stdout[-1500:]}\n{done.stderr[-500:]}")

    def _run(
        self, argv: list[str], environ: dict[str, str], directory: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            env=environ,
            cwd=directory or self.directory or self.root / "project",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS,
            check=False,
        )
