"""A shadow may stand where the shared server would start, has been approved and has no private name-sake; else nowhere."""

import json

import pytest

from mcpgw.registry.discover import discover
from mcpgw.registry.entry import Scope, entry_id, wrap
from support.client_home import client_home, write

TEAM = {"command": "npx", "args": ["-y", "team"]}


@pytest.fixture
def home(tmp_path):
    made = client_home(tmp_path)
    (made.project / ".git").mkdir()
    write(made.project / ".mcp.json", {"mcpServers": {"team": TEAM, "far": {"type": "http", "url": "https://x"}}})
    approve(made.project, "team", "far")
    know(made, {str(made.project): {}})
    return made


def approve(project, *names):
    write(project / ".claude" / "settings.local.json", {"enabledMcpjsonServers": list(names)})


def know(home, projects):
    trusted = {key: {"hasTrustDialogAccepted": True, **value} for key, value in projects.items()}
    write(home.code_file, {"projects": trusted})


def spots(home):
    return [(spot.project_key, spot.origin.name, spot.file) for spot in discover(home.place).spots]


def test_an_approved_server_of_a_known_project(home):
    assert spots(home) == [(str(home.project), "team", str(home.code_file))]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"disabledMcpjsonServers": ["team"], "enabledMcpjsonServers": ["team"]},
        {"deniedMcpServers": [{"serverName": "team"}]},
    ],
)
def test_nothing_that_the_client_would_not_start(home, settings):
    write(home.project / ".claude" / "settings.local.json", settings)
    assert spots(home) == []


def test_an_untrusted_project_approves_nothing(home):
    write(home.code_file, {"projects": {str(home.project): {}}})
    assert spots(home) == []


def test_a_private_server_of_that_name_stands_there_already(home):
    know(home, {str(home.project): {"mcpServers": {"team": {"command": "mine"}}}})
    assert spots(home) == []


def test_a_shadow_that_stands_keeps_its_spot_and_that_of_another_file_is_a_private_server(home):
    origin = entry_id("claude-code", Scope.PROJECT, "team", str(home.project / ".mcp.json"), None)
    shadow = {"command": "/s/mcpgw", "args": list(wrap(origin, "npx", (), shadow=True))}
    know(home, {str(home.project): {"mcpServers": {"team": shadow}}})
    assert len(spots(home)) == 1
    shadow["args"][2] = "claude-code:project@00000000:team"
    know(home, {str(home.project): {"mcpServers": {"team": shadow}}})
    assert spots(home) == []


def test_a_file_above_reaches_each_project_below_and_the_nearest_wins(home):
    other = home.root / "other"
    (other / ".git").mkdir(parents=True)
    write(home.root / ".mcp.json", {"mcpServers": {"team": {"command": "upper"}}})
    approve(other, "team")
    know(home, {str(home.project): {}, str(other): {}})
    found = {spot.project_key: spot.origin.config_file for spot in discover(home.place).spots}
    assert found == {str(home.project): str(home.project / ".mcp.json"), str(other): str(home.root / ".mcp.json")}


def test_not_where_the_client_would_never_look(home):
    """A subdirectory's servers start in the subdirectory only; private ones would start in all of the repository."""
    below = home.project / "sub"
    write(below / ".mcp.json", {"mcpServers": {"deep": TEAM}})
    approve(home.project, "team", "deep")
    know(home, {str(home.project): {}, str(below): {}, str(home.root / "gone"): {}})
    assert [(key, name) for key, name, _ in spots(home)] == [(str(home.project), "team")]


def test_a_routed_shared_entry_needs_none(home):
    args = list(wrap("claude-code:project@00000000:team", "npx", ()))
    write(
        home.project / ".mcp.json",
        json.loads(json.dumps({"mcpServers": {"team": {"command": "/s/mcpgw", "args": args}}})),
    )
    assert spots(home) == []
