"""`mcpgw list` against the real Claude Code client: the same names from the same sources, in every kind of directory."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from support.claude_listing import listed_by_client, listed_by_gateway
from support.claude_projects import ClaudeProjects, claude_projects, server
from support.client_home import write
from support.messages_api import model_that_calls

DIRECTORIES = ("app", "subdirectory", "worktree", "link", "elsewhere")


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> ClaudeProjects:
    return claude_projects(tmp_path_factory.mktemp("claude"))


def listing(projects: ClaudeProjects, directory: Path) -> dict[str, Any]:
    payload: dict[str, Any] = projects.claude.mcpgw_json("list", "--client", "claude-code", "--project", str(directory))
    assert payload["problems"] == []
    return payload


@pytest.mark.timeout(200)
@pytest.mark.requirement("list.agrees-with-client")
@pytest.mark.parametrize("directory", DIRECTORIES)
def test_the_client_lists_the_same_names(projects: ClaudeProjects, directory: str) -> None:
    where: Path = getattr(projects, directory)
    ours = listed_by_gateway(listing(projects, where))
    theirs = listed_by_client(projects.claude.claude_in(where, "mcp", "list"))
    assert ours.agrees_with(theirs), (ours, theirs)
    assert len(theirs.started) >= 10


@pytest.mark.timeout(200)
@pytest.mark.requirement("list.agrees-with-client")
def test_a_session_names_the_same_sources(projects: ClaudeProjects) -> None:
    with model_that_calls("none", {}) as model:
        done = projects.claude.claude_in(
            projects.app,
            *("-p", "hi", "--output-format", "stream-json", "--verbose"),
            ANTHROPIC_BASE_URL=model.url,
            ANTHROPIC_API_KEY="sk-ant-dummy",
        )
    sources = {each["name"]: each["source"] for each in json.loads(done.stdout.splitlines()[0])["mcp_servers"]}
    found = listing(projects, projects.app)
    shown = listed_by_gateway(found)
    ours = {
        each["name"]: each["scope"]
        for each in found["servers"]
        if each["name"] in shown.started | shown.pending | shown.off and each["reason"] != "hidden"
    }
    # A session without a terminal asks nobody: what waits for approval starts, and stands before the user's own.
    assert sources.pop("overshadowed") == "project"
    assert ours.pop("overshadowed") == "user"
    assert sources == {name: scope for name, scope in ours.items() if name in sources}
    assert set(ours) - set(sources) == {"re.jected", "plugin:spare:unused"}


@pytest.mark.timeout(200)
@pytest.mark.requirement("install.keeps-approvals", "install.twin")
def test_installing_changes_no_name_no_approval_and_wakes_no_twin(tmp_path: Path) -> None:
    projects = claude_projects(tmp_path / "home")
    before = listed_by_client(projects.claude.claude_in(projects.app, "mcp", "list"))
    assert projects.claude.mcpgw("install", "--yes").returncode == 0
    routed = {each["name"] for each in listing(projects, projects.app)["servers"] if each["routed"]}
    assert {"plain", "my server", "ünï", 'quo"te', "mine"} <= routed
    assert routed.isdisjoint({"copied", "denied", "workspace", "broken"})
    after = listed_by_client(projects.claude.claude_in(projects.app, "mcp", "list"))
    assert after == before
    assert "plugin:kit:copied" not in after.started
    assert projects.claude.mcpgw("uninstall", "--yes").returncode == 0
    assert listed_by_client(projects.claude.claude_in(projects.app, "mcp", "list")) == before


@pytest.mark.timeout(200)
@pytest.mark.requirement("list.twin-of-routed")
def test_a_plugin_that_comes_later_is_seen_to_run_beside_the_routed_server(tmp_path: Path) -> None:
    projects = claude_projects(tmp_path / "home")
    claude = projects.claude
    assert claude.claude("plugin", "disable", "kit@shelf").returncode == 0
    assert claude.mcpgw("install", "--yes").returncode == 0
    assert claude.claude("plugin", "enable", "kit@shelf").returncode == 0
    assert "plugin:kit:copied" in listed_by_client(claude.claude_in(projects.app, "mcp", "list")).started
    found = {each["name"]: each for each in listing(projects, projects.app)["servers"]}
    assert found["copied"]["routed"]
    assert found["plugin:kit:copied"]["reason"] == "plugin"


@pytest.mark.timeout(200)
def test_a_config_directory_of_ones_own_has_its_own_ids(tmp_path: Path) -> None:
    projects = claude_projects(tmp_path / "home")
    moved = tmp_path / "moved"
    write(moved / ".claude.json", {"mcpServers": {"plain": server("moved")}})
    environ = {"CLAUDE_CONFIG_DIR": str(moved)}
    theirs = listed_by_client(projects.claude.claude_in(projects.elsewhere, "mcp", "list", **environ))
    done = projects.claude.run_in(
        projects.elsewhere, [sys.executable, "-m", "mcpgw", "list", "--project", ".", "--json"], **environ
    )
    found = json.loads(done.stdout)
    assert listed_by_gateway(found).agrees_with(theirs)
    (entry,) = (each for each in found["servers"] if each["name"] == "plain")
    assert entry["id"].startswith("claude-code:user@")
