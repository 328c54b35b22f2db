"""Shared servers with the real Claude Code client: what it starts, asks and refuses is as it was, but for the gateway."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from support import parts
from support.claude_home import ClaudeHome, ToolOutcome
from support.claude_listing import listed_by_client
from support.claude_projects import git
from support.client_home import write

pytestmark = pytest.mark.timeout(300)
WINDOW = str(Path(__file__).parents[1] / "support" / "window_server.py")
NAMES = ("agreed", "waiting", "refused", "off")


@dataclass(frozen=True, slots=True)
class Team:
    """A repository that shares four servers, one of each standing, and its worktree."""

    claude: ClaudeHome

    @property
    def app(self) -> Path:
        return self.claude.root / "project"

    @property
    def shared(self) -> Path:
        return self.app / ".mcp.json"

    def share(self, *names: str, mark: str) -> bytes:
        entry = {"command": sys.executable, "args": [WINDOW, f"mark={mark}"], "env": {"MARK": "${HOME}"}}
        return write(self.shared, {"mcpServers": dict.fromkeys(names, entry)})

    def in_directory(self, directory: Path) -> ClaudeHome:
        return replace(self.claude, directory=directory)

    def mcpgw(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self.claude.mcpgw(*arguments, "--yes")
        assert done.returncode == 0, done.stderr
        return done

    def private(self) -> Any:
        """The private entries of the project."""
        return json.loads(self.claude.config.read_bytes())["projects"][str(self.app)].get("mcpServers", {})


def seen(outcome: ToolOutcome) -> Any:
    """How the server says that it was started; the client's own variables have other values in each session."""
    (block,) = outcome.content
    found = json.loads(block["text"])
    return found["argv"], found["cwd"], found["env"].get("MARK"), set(found["env"])


@pytest.fixture
def team(tmp_path: Path) -> Team:
    made = Team(ClaudeHome(tmp_path / "home", parts.claude_code()))
    (made.app / "sub").mkdir(parents=True)
    git(made.app, "init", "-q")
    made.share(*NAMES, mark="first")
    git(made.app, "add", "-A")
    git(made.app, "commit", "-qm", "one")
    git(made.app, "worktree", "add", "-q", str(made.claude.root / "tree"))
    approvals = {"enabledMcpjsonServers": ["agreed", "off"], "disabledMcpjsonServers": ["refused"]}
    write(made.app / ".claude" / "settings.local.json", approvals)
    project = {"hasTrustDialogAccepted": True, "mcpServers": {}, "disabledMcpServers": ["off"]}
    write(made.claude.config, {"mcpServers": {}, "projects": {str(made.app): project}})
    return made


@pytest.mark.requirement("client.claude-code-shadow")
def test_a_private_entry_stands_in_for_an_approved_one(team: Team) -> None:
    before, direct = listed_by_client(team.claude.claude("mcp", "list")), seen(team.claude.call("agreed", "look", {}))
    original = team.shared.read_bytes()
    team.mcpgw("install", "--project-servers", "shadow")
    assert listed_by_client(team.claude.claude("mcp", "list")) == before
    assert (before.started, before.pending, before.off) == ({"agreed"}, {"waiting"}, {"off"})
    assert seen(team.claude.call("agreed", "look", {})) == direct
    for directory in (team.app / "sub", team.claude.root / "tree"):
        assert seen(team.in_directory(directory).call("agreed", "look", {}))[:2] == (direct[0], str(directory))
    listed = team.claude.mcpgw("audit", "list", "--tool", "look", "--json").stdout
    calls = [each for each in map(json.loads, listed.splitlines()) if each.get("type") == "request"]
    assert {each["entry"].split("@")[0] for each in calls} == {"claude-code:project"}
    assert len(calls) == 3
    team.mcpgw("uninstall")
    assert (team.shared.read_bytes(), team.private()) == (original, {})
    assert listed_by_client(team.claude.claude("mcp", "list")) == before


@pytest.mark.requirement("client.claude-code-review")
def test_what_changed_upstream_is_withheld_until_a_person_has_seen_it(team: Team) -> None:
    team.mcpgw("install", "--project-servers", "shadow")
    changed = team.share(*NAMES, mark="second")
    with pytest.raises(AssertionError, match="called no tool"):
        team.claude.call("agreed", "look", {})
    (item,) = json.loads(team.claude.mcpgw("review", "list", "--json").stdout)["items"]
    assert "mark=second" in team.claude.mcpgw("review", "show", item["ref"]).stdout
    team.mcpgw("review", "approve", item["ref"])
    team.mcpgw("install")
    assert seen(team.claude.call("agreed", "look", {}))[0] == ["mark=second"]
    assert team.shared.read_bytes() == changed
    team.share("waiting", "refused", "off", mark="second")
    team.mcpgw("install")
    assert team.private() == {}
    assert listed_by_client(team.claude.claude("mcp", "list")).started == frozenset()


@pytest.mark.requirement("client.claude-code-edit")
def test_an_edited_shared_file_keeps_every_standing(team: Team) -> None:
    before, direct = listed_by_client(team.claude.claude("mcp", "list")), seen(team.claude.call("agreed", "look", {}))
    original = team.shared.read_bytes()
    team.mcpgw("install", "--project-servers", "edit")
    assert listed_by_client(team.claude.claude("mcp", "list")) == before
    assert seen(team.claude.call("agreed", "look", {})) == direct
    assert '"calls": 1' in team.claude.mcpgw("metrics", "--json").stdout
    team.mcpgw("uninstall")
    assert team.shared.read_bytes() == original


@pytest.mark.requirement("install.shadow-taken-over")
def test_an_edited_private_entry_is_its_owners_whatever_is_pulled(team: Team) -> None:
    team.mcpgw("install", "--project-servers", "shadow")
    direct = seen(team.claude.call("agreed", "look", {}))
    assert team.claude.mcpgw("doctor", "--json").stdout.count('"drift": []') == 1  # the client has written since
    tree = json.loads(team.claude.config.read_bytes())
    tree["projects"][str(team.app)]["mcpServers"]["agreed"]["args"][-1] = "mark=mine"
    write(team.claude.config, tree)
    with pytest.raises(AssertionError, match="called no tool"):
        team.claude.call("agreed", "look", {})
    team.mcpgw("install")
    team.share("waiting", "refused", "off", mark="second")
    team.mcpgw("install")
    mine = seen(team.claude.call("agreed", "look", {}))
    assert (mine[0], mine[1:]) == (["mark=mine"], direct[1:])
    team.mcpgw("uninstall")
    assert team.private()["agreed"]["args"] == [WINDOW, "mark=mine"]
    assert seen(team.claude.call("agreed", "look", {})) == mine


@pytest.mark.requirement("trust.came-routed")
def test_a_routed_line_that_came_with_a_clone_is_withheld_until_it_is_approved(team: Team) -> None:
    team.mcpgw("install", "--project-servers", "edit")
    cloned = team.shared.read_bytes()
    team.mcpgw("uninstall")
    write(team.shared, cloned)
    team.mcpgw("install")
    with pytest.raises(AssertionError, match="called no tool"):
        team.claude.call("agreed", "look", {})
    items = json.loads(team.claude.mcpgw("review", "list", "--json").stdout)["items"]
    assert {(each["name"], each["cause"]) for each in items} == {("agreed", "unapproved"), ("waiting", "unapproved")}
    (item,) = (each for each in items if each["name"] == "agreed")
    team.mcpgw("review", "approve", item["ref"])
    assert seen(team.claude.call("agreed", "look", {}))[0] == ["mark=first"]
    assert team.shared.read_bytes() == cloned


@pytest.mark.requirement("uninstall.container")
def test_no_object_for_servers_stays_where_the_client_had_none(team: Team) -> None:
    tree = json.loads(team.claude.config.read_bytes())
    del tree["projects"][str(team.app)]["mcpServers"]
    write(team.claude.config, tree)
    team.mcpgw("install", "--project-servers", "shadow")
    installed = team.claude.config.read_bytes()
    team.claude.call("agreed", "look", {})
    assert team.claude.config.read_bytes() != installed
    team.mcpgw("uninstall")
    assert "mcpServers" not in json.loads(team.claude.config.read_bytes())["projects"][str(team.app)]
