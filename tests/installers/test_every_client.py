"""Every client whose files are written: routed where it should be, and given back byte for byte."""

import os
import sys
import tomllib
from dataclasses import dataclass

import pytest

from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import install, plan_install
from mcpgw.installers.rollback_script import main
from mcpgw.installers.rollback_source import kinds
from mcpgw.installers.uninstall import plan_uninstall, uninstall
from mcpgw.registry.discover import CLIENTS
from mcpgw.registry.entry import unwrap
from mcpgw.registry.select import Choice
from support.client_home import client_home, write
from support.peer import MOCK, Peer


@dataclass(frozen=True, slots=True)
class Case:
    """One file of a client, below the home, and the servers in it that are routed."""

    client: str
    file: str
    content: bytes
    routed: tuple[str, ...]


CURSOR = b"""\
{\r
\t"mcpServers": {\r
\t\t"fs": { "command": "npx", "args": ["-y", "fs", "${workspaceFolder}"], "env": { "T": "${env:T}" }, "envFile": ".env" },\r
\t\t"remote": { "url": "https://x", "headers": { "A": "b" } },\r
\t\t"guarded": { "command": "pipelock", "args": ["mcp", "proxy", "--", "npx", "x"] }\r
\t}\r
}"""
VSCODE = b"""\
{ // jsonc
  "inputs": [{ "id": "k", "type": "promptString", "password": true }],
  "servers": {
    "gh": { "type": "stdio", "command": "docker", "args": ["run", "-i", "gh"], "env": { "T": "${input:k}" } }, // mine
    /* { "command": "commented out" } */
    "here": { "command": "${workspaceFolder}/server", "cwd": "${workspaceFolder}", },
    "boxed": { "command": "npx", "sandboxEnabled": true },
    "remote": { "type": "http", "url": "https://x" },
  },
}
"""
CODEX = b"""\
model = "gpt"   # mine
[mcp_servers.docs]
command = "npx" # keep comment
args = ["-y", "docs-mcp"]
env_vars = ["GITHUB_TOKEN"]
startup_timeout_sec = 20
[mcp_servers.docs.env]
K = "v"

[mcp_servers."my docs"]
command = 'C:\\docs.exe'

[mcp_servers.inline]
url = "https://x"
bearer_token_env_var = "TOKEN"

[mcp_servers.off]
enabled = false
command = "x"
args = []
"""
DESKTOP = b'{"mcpServers":{"git mine":{"command":"npx.cmd","args":["-y","x"],"env":{"A":"1"}},"web":{"url":"https://x"}},"preferences":{"sidebarMode":"chat"}}'
CASES = (
    Case("cursor", ".cursor/mcp.json", CURSOR, ("fs",)),
    Case("vscode", ".config/Code/User/mcp.json", VSCODE, ("gh", "here")),
    Case("vscode", ".config/Code - Insiders/User/mcp.json", VSCODE, ("gh", "here")),
    Case("vscode", ".config/VSCodium/User/profiles/-1f/mcp.json", VSCODE, ("gh", "here")),
    Case("codex", ".codex/config.toml", CODEX, ("docs", "my docs", "off")),
    Case("claude-desktop", ".config/Claude/claude_desktop_config.json", DESKTOP, ("git mine",)),
    Case("claude-desktop", ".config/Claude-3p/claude_desktop_config.json", DESKTOP, ("git mine",)),
)
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)


@pytest.fixture
def home(tmp_path):
    return client_home(tmp_path)


def route(home):
    plan = plan_install(home.place, home.layout, Choice(), Tolerance(), ())
    return install(home.layout, plan, observe=False, now=1.0)


def take_off(home):
    plan = plan_uninstall(home.place, home.layout, Choice(), Tolerance(), ())
    return uninstall(home.layout, plan, now=2.0)


@pytest.mark.requirement("install.every-written-client")
@each_case
def test_install_then_uninstall_gives_back_the_bytes(home, case):
    path = home.home / case.file
    write(path, case.content)
    (plan,) = (each for each in route(home).files if each.changed)
    assert (plan.file.client, [change.entry.name for change in plan.changes]) == (case.client, list(case.routed))
    assert path.read_bytes() != case.content
    assert not route(home).files
    take_off(home)
    assert path.read_bytes() == case.content


@each_case
def test_the_same_without_the_state_directory(home, case):
    path = home.home / case.file
    write(path, case.content)
    route(home)
    os.rename(home.layout.root, home.root / "elsewhere")
    take_off(home)
    assert path.read_bytes() == case.content


@each_case
def test_the_stand_alone_script_gives_them_back_too(home, case):
    path = home.home / case.file
    write(path, case.content)
    route(home)
    assert main([home.layout.rollback_script], kinds()) == 0
    assert path.read_bytes() == case.content


def test_all_clients_at_once(home):
    """Also: the same server in several files of one client keeps its ids apart."""
    for case in CASES:
        write(home.home / case.file, case.content)
    done = route(home)
    ids = [change.entry.entry_id for plan in done.files for change in plan.changes]
    assert len(ids) == len(set(ids)) == sum(len(case.routed) for case in CASES)
    take_off(home)
    assert all((home.home / case.file).read_bytes() == case.content for case in CASES)


def test_what_the_editor_expands_stays_for_it_to_expand(home):
    path = home.home / ".config" / "Code" / "User" / "mcp.json"
    write(path, VSCODE)
    route(home)
    text = path.read_text()
    assert '"inputs": [{ "id": "k", "type": "promptString", "password": true }]' in text
    assert '"env": { "T": "${input:k}" }' in text
    assert '"${workspaceFolder}/server"' in text
    assert text.count("//") == VSCODE.count(b"//")


@pytest.mark.requirement("run.bare-environment")
def test_a_routed_server_starts_with_next_to_no_environment(home):
    path = home.home / ".codex" / "config.toml"
    write(path, f"[mcp_servers.mock]\ncommand = '{sys.executable}'\nargs = ['{MOCK}']\n".encode())
    route(home)
    entry = tomllib.loads(path.read_text())["mcp_servers"]["mock"]
    assert unwrap(entry["args"]) is not None
    # A desktop program gives its servers little more, and no working directory to speak of.
    bare = ["/usr/bin/env", "-i", "/bin/sh", "-c", 'cd / && exec "$0" "$@"']
    with Peer([*bare, entry["command"], *entry["args"]], home.root / "unused") as peer:
        peer.open()
        assert peer.call("echo", text="hello")["result"]["content"][0]["text"] == "hello"
    assert not (home.root / "unused").exists()


def test_a_broken_file_that_is_only_listed_stops_nothing(home):
    write(home.home / ".cursor" / "mcp.json", CURSOR)
    write(home.home / ".codeium" / "windsurf" / "mcp_config.json", b"{")
    assert [plan.file.client for plan in route(home).files] == ["cursor"]


def test_every_client_that_is_written_has_a_case(home):
    written = {file.client for client in CLIENTS for file in client.files(home.place) if file.editable}
    assert written - {"claude-code"} == {case.client for case in CASES}
