"""The real Claude Code client takes a routed copy, and its allow list takes the lines that come with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support import parts
from support.claude_home import ClaudeHome

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def home(tmp_path: Path) -> ClaudeHome:
    root = tmp_path / "home"
    (root / "project").mkdir(parents=True)
    made = ClaudeHome(root, parts.claude_code())
    made.note.write_text("hello from a file\n", encoding="utf-8")
    return made


@pytest.fixture
def source(home: ClaudeHome) -> Path:
    """A file for `--mcp-config`, with an argument that the client expands."""
    server = parts.filesystem_server(home.root / "project")
    args = [*server[1:-1], "${HOME}/project"]
    file = home.root / "project" / "dynamic.json"
    file.write_text(json.dumps({"mcpServers": {"fs": {"command": server[0], "args": args}}}), encoding="utf-8")
    return file


def _copy(home: ClaudeHome, source: Path) -> tuple[Path, Any]:
    done = home.mcpgw("wrap", str(source), "--json")
    assert done.returncode == 0, done.stderr
    payload = json.loads(done.stdout)
    copy = source.with_name("routed.json")
    copy.write_text(payload["content"], encoding="utf-8")
    return copy, payload


def _read_note(home: ClaudeHome, config: Path) -> bool:
    options = ("--mcp-config", str(config), "--strict-mcp-config")
    outcome = home.call("fs", "read_text_file", {"path": str(home.note)}, *options)
    return not outcome.is_error and "hello from a file" in json.dumps(outcome.content)


@pytest.mark.requirement("client.claude-code-wrap")
def test_a_call_of_a_routed_copy_goes_through_the_gateway(home: ClaudeHome, source: Path) -> None:
    copy, payload = _copy(home, source)
    assert _read_note(home, copy)
    (entry,) = payload["entries"]
    listed = home.mcpgw("audit", "list", "--tool", "read_text_file", "--json").stdout
    calls = [json.loads(line) for line in listed.splitlines()]
    assert any(each.get("entry") == entry["id"] and each.get("decision") == "allow" for each in calls)
    assert home.mcpgw("audit", "verify").returncode == 0


@pytest.mark.requirement("wrap.allow-list")
def test_an_allow_list_of_commands_needs_the_lines(home: ClaudeHome, source: Path) -> None:
    copy, payload = _copy(home, source)
    settings = home.root / ".claude" / "settings.json"
    settings.parent.mkdir(exist_ok=True)
    server = json.loads(source.read_text("utf-8"))["mcpServers"]["fs"]
    rules: list[Any] = [{"serverCommand": [server["command"], *server["args"]]}]
    settings.write_text(json.dumps({"allowedMcpServers": rules}), encoding="utf-8")
    with pytest.raises(AssertionError, match="called no tool"):
        _read_note(home, copy)
    settings.write_text(json.dumps({"allowedMcpServers": rules + payload["allow_list"]}), encoding="utf-8")
    assert _read_note(home, copy)
