"""The real Claude Code client, over entries that a real install rewrote, with real servers behind them."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mcpgw.cli.demo_home import aws_key_id
from support import parts
from support.claude_home import ClaudeHome

LAYOUT = """{
  "numStartups": 41,
  "x-note": "keep me",
  "mcpServers": %s,
  "projects": {"/home/ada/app": {"allowedTools": [], "mcpServers": {"db": {"command": "uvx", "args": []}}}}
}"""


def _home(root: Path) -> ClaudeHome:
    """A client's home that lists two real servers and a remote one that nobody serves, and a project with a note."""
    everything, filesystem = parts.everything_server(), parts.filesystem_server(root / "project")
    servers = {
        "every": {"command": everything[0], "args": everything[1:], "env": {"TOKEN": "${HOME}"}, "timeout": 60000},
        "fs": {"type": "stdio", "command": filesystem[0], "args": filesystem[1:], "x-kept": ["a", 2]},
        "docs": {"type": "http", "url": "http://127.0.0.1:9/mcp", "headers": {"X-Org": "acme"}},
    }
    (root / "project").mkdir(parents=True)
    (root / "project" / "note.txt").write_text("hello from a file\n", encoding="utf-8")
    (root / ".claude.json").write_text(LAYOUT % json.dumps(servers), encoding="utf-8")
    return ClaudeHome(root, parts.claude_code())


@pytest.fixture
def home(tmp_path: Path) -> ClaudeHome:
    return _home(tmp_path / "home")


def _stable(value: Any, root: Path) -> Any:
    """What two homes must agree on: no times, ids, counters or the homes' own paths."""
    if isinstance(value, dict):
        return {_stable(key, root): _stable(child, root) for key, child in value.items()}
    if isinstance(value, list):
        return [_stable(child, root) for child in value]
    if isinstance(value, str):
        text = value.replace(str(root), "<home>")
        return "<varies>" if re.search(r"[0-9a-f]{16}|\d{4}-\d\d-\d\dT", text) else text
    if isinstance(value, int | float) and not isinstance(value, bool) and (value > 1e6 or isinstance(value, float)):
        return "<varies>"
    return value


def _entries(text: str) -> dict[str, str]:
    """Each entry as JSON text, key order and all."""
    document = json.loads(text)
    local = {key: project.get("mcpServers", {}) for key, project in document.get("projects", {}).items()}
    named = {("user", name): entry for name, entry in document["mcpServers"].items()}
    named |= {(key, name): entry for key, servers in local.items() for name, entry in servers.items()}
    return {str(key): json.dumps(entry) for key, entry in named.items()}


@pytest.mark.timeout(300)
@pytest.mark.requirement("client.claude-code")
def test_install_use_status_and_uninstall(home: ClaudeHome, tmp_path: Path) -> None:
    original = home.config.read_text("utf-8")
    control = _home(tmp_path / "control")

    assert home.mcpgw("install", "--yes").returncode == 0
    routed = {each["name"]: each["routed"] for each in home.mcpgw_json("list")["servers"]}
    assert routed == {"every": True, "fs": True, "docs": False, "db": True}

    assert home.connected() == control.connected() == {"every", "fs"}
    outcome, expected = (each.call("fs", "read_text_file", {"path": str(each.note)}) for each in (home, control))
    assert not outcome.is_error
    assert "hello from a file" in json.dumps(outcome.content)
    assert (outcome.content, outcome.is_error) == (expected.content, expected.is_error)

    _assert_the_call_is_accounted_for(home)
    assert home.mcpgw("uninstall", "--yes").returncode == 0
    left = home.config.read_text("utf-8")
    assert _entries(left) == _entries(original)
    assert _stable(json.loads(left), home.root) == _stable(json.loads(control.config.read_text("utf-8")), control.root)
    assert home.connected() == {"every", "fs"}


def _assert_the_call_is_accounted_for(home: ClaudeHome) -> None:
    (entry,) = (each for each in home.mcpgw_json("status")["entries"] if each["name"] == "fs")
    assert entry["standing"] in ("idle", "protected")
    assert home.mcpgw("audit", "verify").returncode == 0
    metrics = home.mcpgw_json("metrics")
    assert {"tool": "read_text_file", "server": "fs", "calls": 1, "stopped": 0} in metrics["tools"]
    listed = home.mcpgw("audit", "list", "--tool", "read_text_file", "--json").stdout
    calls = [json.loads(line) for line in listed.splitlines()]
    assert any(record.get("type") == "request" and record.get("decision") == "allow" for record in calls)


@pytest.mark.timeout(200)
@pytest.mark.requirement("client.claude-code-blocked")
def test_a_leaking_call_is_blocked_where_the_model_can_read_why(home: ClaudeHome) -> None:
    assert home.mcpgw("install", "--yes").returncode == 0
    leaked = home.note.with_name("leak.txt")
    leak = {"path": str(leaked), "content": f"key: {aws_key_id()}"}
    outcome = home.call("fs", "write_file", leak)
    assert outcome.is_error
    assert re.search(r"Blocked by mcpgw .*rule aws-access-key, ref [A-Z2-7]{8}", json.dumps(outcome.content))
    assert not leaked.exists()
    assert home.mcpgw_json("metrics")["decisions"]["block"] == 1


@pytest.mark.timeout(200)
@pytest.mark.requirement("client.no-orphans")
def test_nothing_outlives_the_client(home: ClaudeHome) -> None:
    assert home.mcpgw("install", "--yes").returncode == 0
    started: set[str] = set()
    with _watching(home.root, started):
        assert home.connected() == {"every", "fs"}
    assert _left_after(home.root, seconds=1) == []
    assert any(" run --entry " in each for each in started)  # else nothing was looked at
    assert not home.call("fs", "read_text_file", {"path": str(home.note)}).is_error
    assert _left_after(home.root, seconds=1) == []


@contextmanager
def _watching(root: Path, seen: set[str]) -> Iterator[None]:
    """Adds to `seen` whatever runs in the scratch home meanwhile."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            seen.update(_processes_below(root))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)


def _left_after(root: Path, *, seconds: float) -> list[str]:
    """What still runs in the scratch home when the time is up; nothing, as soon as nothing does."""
    end = time.monotonic() + seconds
    while (left := _processes_below(root)) and time.monotonic() < end:
        threading.Event().wait(0.02)
    return left


def _processes_below(root: Path) -> list[str]:
    """Command lines of processes whose HOME is the scratch home."""
    mark = f"HOME={root}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes() + b"\0":
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return found
