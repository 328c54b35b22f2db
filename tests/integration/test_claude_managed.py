"""Under an administrator's files the real Claude Code client runs exactly what it ran without the gateway."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from support import parts
from support.claude_home import ClaudeHome
from support.claude_listing import Listed, listed_by_client, listed_by_gateway
from support.claude_projects import server
from support.client_home import write
from support.managed import Managed, managed

SERVERS = {name: server(name) for name in ("one", "two")}
COMMAND = [SERVERS["one"]["command"], *SERVERS["one"]["args"]]


@pytest.fixture
def place(tmp_path: Path) -> Managed:
    claude = ClaudeHome(tmp_path / "home", parts.claude_code())
    (claude.root / "project").mkdir(parents=True)
    write(claude.config, {"mcpServers": {**SERVERS, "far": {"type": "http", "url": "https://127.0.0.1:9/mcp?x=1"}}})
    return managed(claude, tmp_path / "layer")


def client_list(place: Managed) -> Listed:
    return listed_by_client(place.run(place.claude.binary, "mcp", "list"))


def mcpgw(place: Managed, *arguments: str) -> str:
    done = place.run(sys.executable, "-m", "mcpgw", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def gateway_list(place: Managed) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(mcpgw(place, "list", "--client", "claude-code", "--project", ".", "--json"))
    return found


@pytest.mark.timeout(200)
@pytest.mark.requirement("install.client-deny-list", "list.agrees-with-client")
@pytest.mark.parametrize(
    ("files", "started", "routed"),
    [
        ({"managed-settings.json": {"deniedMcpServers": [{"serverCommand": COMMAND}]}}, {"two", "far"}, {"two"}),
        ({"managed-settings.d/10.json": {"deniedMcpServers": [{"serverName": "two"}]}}, {"one", "far"}, {"one"}),
        (
            {"managed-settings.json": {"deniedMcpServers": [{"serverUrl": "https://127.0.0.1:9/mcp"}]}},
            {"one", "two"},
            {"one", "two"},
        ),
        (
            {
                "managed-settings.json": {
                    "allowedMcpServers": [{"serverCommand": COMMAND}],
                    "allowManagedMcpServersOnly": True,
                }
            },
            {"one"},
            set(),
        ),
        (
            {"managed-settings.json": {"allowedMcpServers": [{"serverName": "two"}]}},
            {"two"},
            {"two"},
        ),
        ({"managed-settings.json": {"strictPluginOnlyCustomization": ["mcp"]}}, set(), set()),
        ({"managed-mcp.json": {"mcpServers": {"corp": server("corp")}}}, {"corp"}, set()),
        (
            {"managed-settings.json": {"managedMcpServers": {"one": {"type": "http", "url": "https://127.0.0.1:9/c"}}}},
            {"one", "two", "far"},
            {"two"},
        ),
    ],
    ids=[
        "deny-command",
        "deny-drop-in",
        "deny-url",
        "allow-command",
        "allow-name",
        "plugins-only",
        "managed",
        "settings",
    ],
)
def test_what_the_administrator_says_holds_before_and_after(
    place: Managed, files: dict[str, Any], started: set[str], routed: set[str]
) -> None:
    for name, value in files.items():
        place.manage(name, value)
    before = client_list(place)
    assert before.started == started
    assert listed_by_gateway(gateway_list(place)).agrees_with(before)
    mcpgw(place, "install", "--yes")
    found = gateway_list(place)
    assert {each["name"] for each in found["servers"] if each["routed"] and each["reason"] != "hidden"} >= routed
    assert client_list(place) == before


@pytest.mark.timeout(200)
@pytest.mark.requirement("install.managed-file")
def test_beside_a_managed_file_nothing_is_written(place: Managed) -> None:
    place.manage("managed-mcp.json", {"mcpServers": {"corp": server("corp")}})
    before = place.claude.config.read_bytes()
    mcpgw(place, "install", "--yes")
    assert place.claude.config.read_bytes() == before
