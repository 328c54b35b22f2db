"""The demo's throw-away home: real client configs in the layouts that real clients and people leave behind."""

from __future__ import annotations

import base64
import json
import os
import secrets
import string
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mcpgw.cli import demo_server

COMMAND_SECONDS = 120.0  # the first install compiles the scan database
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TERM", "NO_COLOR", "FORCE_COLOR", "SYSTEMROOT")


def aws_key_id() -> str:
    """A made-up AWS access key id, new each time: the project's files hold no secret, not even a false one."""
    letters = string.ascii_uppercase + "234567"
    return "AKIA" + "".join(secrets.choice(letters) for _ in range(15)) + "2"


def private_key() -> str:
    """A made-up PEM block that opens nothing."""
    body = base64.encodebytes(os.urandom(300)).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\n"


@dataclass(frozen=True, slots=True)
class DemoHome:
    """A sandboxed HOME below `root`. key: the private key that the demo's server gives away."""

    root: Path
    key: str

    @property
    def claude_code(self) -> Path:
        return self.root / ".claude.json"

    @property
    def claude_desktop(self) -> Path:
        return self.root / ".config" / "Claude" / "claude_desktop_config.json"

    @property
    def configs(self) -> tuple[Path, Path]:
        return self.claude_code, self.claude_desktop

    @property
    def seen(self) -> Path:
        """What reached the server."""
        return self.root / "server-saw.jsonl"

    @property
    def environ(self) -> dict[str, str]:
        """An environment in which nothing points outside the sandbox."""
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        config = {"XDG_CONFIG_HOME": str(self.root / ".config"), "XDG_DATA_HOME": str(self.root / ".local/share")}
        return {**kept, **config, "HOME": str(self.root), "MCPGW_HOME": str(self.root / ".local/share/mcpgw")}

    def write(self) -> None:
        """Fills the home. The files' odd layout is on purpose: it has to come back byte for byte."""
        self.claude_desktop.parent.mkdir(parents=True)
        self.seen.touch()
        server = [sys.executable, "-I", demo_server.__file__]
        env = {"MCPGW_DEMO_SEEN": str(self.seen), "MCPGW_DEMO_KEY": self.key}
        notes = json.dumps({"command": server[0], "args": server[1:], "env": env, "timeout": 60000})
        project = {"mcpServers": {"scratch": {"type": "stdio", "command": server[0], "args": server[1:], "env": env}}}
        self.claude_code.write_text(
            '{\n\t"numStartups": 41, "big": 12345678901234567890, "ratio": 1.0,\n'
            f'\t"mcpServers": {{\n\t\t"notes": {notes},\n'
            '\t\t"docs": {"type": "http", "url": "https://docs.example.com/mcp"}\n\t},\n'
            f'\t"projects": {{"/home/ada/app": {json.dumps(project)}}}\n}}',
            encoding="utf-8",
        )
        desktop = json.dumps({"mcpServers": {"my notes": {"command": server[0], "args": server[1:], "env": env}}})
        self.claude_desktop.write_text(desktop.replace("{", "{\r\n ", 1), encoding="utf-8", newline="")

    def mcpgw(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a real `mcpgw` command in the sandbox."""
        return subprocess.run(  # noqa: TID251
            [sys.executable, "-m", "mcpgw", *arguments],
            env=self.environ,
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def entry(self) -> dict[str, object]:
        """The `notes` entry as it stands in the config now."""
        entry: dict[str, object] = json.loads(self.claude_code.read_text("utf-8"))["mcpServers"]["notes"]
        return entry
