import os

import pytest

from mcpgw.errors import ConfigFault
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.document import EACH
from mcpgw.registry.entry import Scope, Transport, entry_id, wrap
from mcpgw.registry.reading import entries_of, read_file
from support.client_home import client_home, write


def entry_of(tmp_path, value):
    home = client_home(tmp_path)
    write(home.code_file, {"mcpServers": {"s": value}})
    file = ConfigFile("claude-code", str(home.code_file), (Container(("mcpServers",), Scope.USER),))
    reading = read_file(file)
    ((entry, _),) = entries_of(file, reading.document)
    return entry


def test_a_stdio_entry(tmp_path):
    entry = entry_of(tmp_path, {"command": "npx", "args": ["-y"], "env": {"A": "1"}})
    assert entry.transport is Transport.STDIO
    assert (entry.command, entry.args, entry.env_keys, entry.url) == ("npx", ("-y",), ("A",), None)
    assert entry.original_argv == ("npx", "-y")


@pytest.mark.parametrize(
    ("kind", "transport"),
    [("http", Transport.HTTP), ("streamable-http", Transport.HTTP), ("sse", Transport.SSE), ("ws", Transport.WS)],
)
def test_remote_entries(tmp_path, kind, transport):
    entry = entry_of(tmp_path, {"type": kind, "url": "https://x"})
    assert (entry.transport, entry.url, entry.command) == (transport, "https://x", None)


@pytest.mark.parametrize(
    ("value", "note"),
    [
        (7, "it is not an object"),
        ({}, "it has no command"),
        ({"url": "https://x"}, "it has a url but no type"),
        ({"type": "http"}, "it has no url"),
        ({"type": "carrier-pigeon", "command": "x"}, "its type is not known"),
        ({"command": 1}, "its command is not a non-empty string"),
        ({"command": ""}, "its command is not a non-empty string"),
        ({"command": "x", "args": "y"}, "its args are not a list of strings"),
        ({"command": "x", "args": None}, "its args are not a list of strings"),
        ({"command": "x", "env": {"A": 1}}, "its env is not an object of strings"),
    ],
)
def test_what_the_client_skips_is_invalid_and_says_why(tmp_path, value, note):
    entry = entry_of(tmp_path, value)
    assert (entry.transport, entry.note) == (Transport.INVALID, note)


@pytest.mark.parametrize(
    ("shared", "project", "name", "misplaced"),
    [
        ("/app/.mcp.json", "/app", "s", False),
        ("/.mcp.json", "/app", "s", False),
        ("/app/.mcp.json", "/app", "renamed", True),
        ("/app/.mcp.json", "/other", "s", True),
        ("/app/sub/.mcp.json", "/app", "s", True),
        ("/app/mcp.json", "/app", "s", True),
        ("/app/.mcp.json", None, "s", True),
    ],
)
def test_a_shadow_is_one_where_its_origin_could_be_behind_it(tmp_path, shared, project, name, misplaced):
    args = wrap(entry_id("claude-code", Scope.PROJECT, "s", shared, None), "npx", None, shadow=True)
    servers = {"mcpServers": {name: {"command": "/s/mcpgw", "args": args}}}
    write(tmp_path / "f", servers if project is None else {"projects": {project: servers}})
    local = Container(("projects", EACH, "mcpServers"), Scope.LOCAL, shared_file=".mcp.json")
    file = ConfigFile("claude-code", str(tmp_path / "f"), (Container(("mcpServers",), Scope.USER), local))
    ((entry, _),) = entries_of(file, read_file(file).document)
    assert (entry.misplaced, entry.is_shadow) == (misplaced, not misplaced)


def test_an_absent_file_is_no_problem(tmp_path):
    reading = read_file(ConfigFile("claude-code", str(tmp_path / "none"), ()))
    assert reading.document is None
    assert reading.problem is None


def test_a_broken_file_is_a_problem_and_not_empty(tmp_path):
    path = tmp_path / "c.json"
    write(path, b'{"mcpServers": {')
    reading = read_file(ConfigFile("claude-code", str(path), (Container(("mcpServers",), Scope.USER),)))
    assert reading.document is None
    assert reading.problem is not None
    assert reading.problem.kind is ConfigFault
    assert reading.problem.message.startswith(f"{path}:1:17:")


def test_a_directory_in_its_place_is_a_problem(tmp_path):
    os.mkdir(tmp_path / "c.json")
    reading = read_file(ConfigFile("claude-code", str(tmp_path / "c.json"), ()))
    assert reading.problem is not None
    assert "cannot be read" in reading.problem.message
