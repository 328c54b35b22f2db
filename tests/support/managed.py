"""Programs that see an administrator's files in /etc, in a mount namespace of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.claude_home import CLIENT_SECONDS, ClaudeHome
from support.client_home import write

_MOUNT = 'mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1,workdir=$2" /etc && shift 2 && exec "$@"'


@dataclass(frozen=True, slots=True)
class Managed:
    """claude: the home in which programs run.  layer: what lies over /etc."""

    claude: ClaudeHome
    layer: Path

    def manage(self, name: str, value: Any) -> None:
        """Puts a file into the administrator's directory."""
        write(self.layer / "upper" / "claude-code" / name, value)

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return _run(self.layer, argv, self.claude)


def managed(claude: ClaudeHome, layer: Path) -> Managed:
    """Skips the test where mount namespaces are not permitted."""
    for name in ("upper", "work"):
        (layer / name).mkdir(parents=True)
    if _run(layer, ("true",), claude).returncode:
        pytest.skip("mount namespaces are not permitted here")
    return Managed(claude, layer)


def _run(layer: Path, argv: Sequence[str], claude: ClaudeHome) -> subprocess.CompletedProcess[str]:
    command = ["unshare", "-m", "sh", "-c", _MOUNT, "sh", str(layer / "upper"), str(layer / "work"), *argv]
    return subprocess.run(
        command,
        env=claude.environ(),
        cwd=claude.root / "project",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CLIENT_SECONDS,
        check=False,
    )
