"""The real servers and clients that scripts/setup-parts fetched; a missing part skips its tests with a reason."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

NPM = "npm/node_modules"


def cache() -> Path:
    """Where the parts are: MCPGW_TEST_CACHE, else the user's cache directory."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("MCPGW_TEST_CACHE") or f"{base}/mcpgw-tests")


def part(name: str, relative: str) -> str:
    """The absolute path of a file of the part, or a skip that says how to get it. name: as in setup-parts."""
    path = cache() / relative
    # The stamp is written last: a part that was fetched by half does not count.
    if not (cache() / f".done-{name}").exists() or not path.exists():
        pytest.skip(f"{name}: {relative.rsplit('/', 1)[-1]} is not installed here; scripts/setup-parts fetches it")
    return str(path)


def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed here")
    return found


def everything_server() -> list[str]:
    return [node(), part("npm", f"{NPM}/@modelcontextprotocol/server-everything/dist/index.js"), "stdio"]


def filesystem_server(root: Path) -> list[str]:
    return [node(), part("npm", f"{NPM}/@modelcontextprotocol/server-filesystem/dist/index.js"), str(root)]


def time_server() -> list[str]:
    return [part("time", "time/bin/python"), "-I", "-m", "mcp_server_time", "--local-timezone", "UTC"]


def installer(name: str) -> str:
    """pipx, uv or uvx."""
    return part("installers", f"installers/bin/{name}")


def wheels() -> str:
    """A directory with the wheels of every locked dependency."""
    return part("wheels", "wheels")


def sdk1_python() -> str:
    return part("sdk1", "sdk1/bin/python")


def claude_code() -> str:
    """The native client binary that npm ships."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    return part("npm", f"{NPM}/@anthropic-ai/claude-code-{sys.platform}-{machine}/claude")
