from dataclasses import replace

import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.claude_code import CLIENT, files, judge_session
from mcpgw.registry.discover import discover
from mcpgw.registry.entry import Scope, Standing
from support.client_home import client_home, furnished, shelve, write


def standings(home):
    return {entry.name: entry.standing for entry in discover(home.place, (CLIENT,)).entries}


def test_the_users_file_and_the_project_files_up_to_the_root():
    found = [file.path for file in files(Place("/h", {}, "linux", "/h/a/b"))]
    assert found == [
        "/h/.claude.json",
        "/etc/claude-code/managed-mcp.json",
        "/h/a/b/.mcp.json",
        "/h/a/.mcp.json",
        "/h/.mcp.json",
        "/.mcp.json",
    ]


@pytest.mark.parametrize(
    ("platform", "managed"),
    [
        ("darwin", "/Library/Application Support/ClaudeCode/managed-mcp.json"),
        ("win32", "C:\\Program Files\\ClaudeCode/managed-mcp.json"),
    ],
)
def test_the_managed_file_of_other_platforms(platform, managed):
    assert files(Place("/h", {}, platform, "/"))[1].path == managed


def test_the_config_directory_can_be_elsewhere(tmp_path):
    home = client_home(tmp_path)
    write(tmp_path / "cfg" / ".claude.json", {"mcpServers": {"x": {"command": "y"}}})
    place = replace(home.place, environ={"CLAUDE_CONFIG_DIR": str(tmp_path / "cfg")})
    assert [entry.name for entry in discover(place, (CLIENT,)).entries] == ["x"]


def test_only_the_users_file_is_edited_and_locked():
    user, *others = files(Place("/h", {}, "linux", "/h"))
    assert (user.editable, user.locked) == (True, True)
    assert not any(file.editable for file in others)


def test_project_files_of_all_known_projects_are_read(tmp_path):
    home = client_home(tmp_path)
    other = tmp_path / "other"
    write(other / ".mcp.json", {"mcpServers": {"far": {"command": "x"}}})
    write(home.code_file, {"projects": {str(other): {}, str(home.project): None, "relative": {}}})
    write(home.project / ".mcp.json", {"mcpServers": {"near": {"command": "x"}}})
    assert sorted(standings(home)) == ["far", "near"]


def test_a_local_server_is_known_by_its_project(tmp_path):
    entry = furnished(tmp_path).entries()["db"]
    assert entry.project_key == str(tmp_path / "app")
    assert entry.entry_id.startswith("claude-code:local@")


@pytest.mark.requirement("install.managed-file")
def test_a_managed_file_overrules_everything(tmp_path):
    home = furnished(tmp_path)
    write(home.managed_file, {"mcpServers": {"corp": {"command": "x"}}})
    found = discover(home.place, (CLIENT,))
    assert found.managed_files == {"claude-code": str(home.managed_file)}
    assert standings(home) == {
        "fs": Standing.OVERRULED,
        "sentry": Standing.OVERRULED,
        "db": Standing.OVERRULED,
        "shared": Standing.OVERRULED,
        "corp": Standing.MANAGED,
    }


def switches(home, **lists):
    write(
        home.code_file,
        {
            "mcpServers": {"fs": {"command": "x"}},
            "projects": {str(home.project): {"mcpServers": {"db": {"command": "x"}}, **lists}},
        },
    )


def test_a_server_is_switched_off_per_project(tmp_path):
    home = furnished(tmp_path)
    switches(home, disabledMcpServers=["db", "fs", "shared"])
    # A user server is switched off in one project only, so it still starts in the others.
    assert standings(home) == {"fs": Standing.ACTIVE, "db": Standing.DISABLED, "shared": Standing.DISABLED}


@pytest.mark.parametrize("where", ["user", "project", "settings"])
def test_a_rejected_project_server_is_off(tmp_path, where):
    home = furnished(tmp_path)
    if where == "user":
        switches(home, disabledMcpjsonServers=["shared"])
    elif where == "project":
        write(home.project / ".claude" / "settings.local.json", {"disabledMcpjsonServers": ["shared"]})
    else:
        write(home.home / ".claude" / "settings.json", {"disabledMcpjsonServers": ["shared"]})
    assert standings(home)["shared"] is Standing.DISABLED


def test_a_project_server_that_waits_for_approval_is_pending(tmp_path):
    home = furnished(tmp_path)
    assert standings(home)["shared"] is Standing.PENDING
    write(home.home / ".claude" / "settings.json", {"enabledMcpjsonServers": ["shared"]})
    assert standings(home)["shared"] is Standing.ACTIVE


def session(home, directory):
    place = replace(home.place, cwd=str(directory))
    return discover(place, (replace(CLIENT, judge=judge_session),)).entries


@pytest.mark.requirement("list.project")
def test_a_session_sees_what_reaches_its_directory(tmp_path):
    home = furnished(tmp_path)
    assert [entry.name for entry in session(home, home.project)] == ["fs", "sentry", "db", "shared"]
    assert [entry.name for entry in session(home, home.home)] == ["fs", "sentry"]


def test_in_its_project_a_switched_off_user_server_is_off(tmp_path):
    home = furnished(tmp_path)
    switches(home, disabledMcpServers=["fs"])
    standing = {entry.name: entry.standing for entry in session(home, home.project)}
    assert standing["fs"] is Standing.DISABLED


def test_servers_of_subagents_are_listed(tmp_path):
    home = furnished(tmp_path)
    for directory in (home.home, home.project):
        path = directory / ".claude" / "agents" / "a.md"
        write(path, b"---\nmcpServers:\n  - inner: {command: x}\n---\n")
    agents = [entry for entry in discover(home.place, (CLIENT,)).entries if entry.scope is Scope.AGENT]
    assert len({entry.entry_id for entry in agents}) == 2


def test_a_plugins_server_counts_as_on_where_one_project_has_it_on(tmp_path):
    home = furnished(tmp_path)
    shelve(home.home / ".claude" / "plugins", {"mcpServers": {"x": {"command": "kit"}}})
    assert standings(home)["plugin:kit:x"] is Standing.DISABLED
    write(home.project / ".claude" / "settings.json", {"enabledPlugins": {"kit@shelf": True}})
    assert standings(home)["plugin:kit:x"] is Standing.ACTIVE
    assert {entry.name: entry.standing for entry in session(home, home.home)}["plugin:kit:x"] is Standing.DISABLED


def test_lists_of_the_projects_settings_reach_only_that_project(tmp_path):
    home = furnished(tmp_path)
    write(
        home.project / ".claude" / "settings.json", {"deniedMcpServers": [{"serverName": "db"}, {"serverName": "fs"}]}
    )
    found = standings(home)
    assert (found["db"], found["fs"]) == (Standing.DENIED, Standing.ACTIVE)


def test_managed_settings_deny_everywhere(tmp_path):
    home = furnished(tmp_path)
    write(home.managed_file.with_name("managed-settings.json"), {"deniedMcpServers": [{"serverName": "fs"}]})
    assert standings(home)["fs"] is Standing.DENIED


def test_broken_settings_are_reported(tmp_path):
    home = furnished(tmp_path)
    write(home.home / ".claude" / "settings.json", b"{")
    (home.project / ".claude" / "settings.json").mkdir(parents=True)
    problems = discover(home.place, (CLIENT,)).problems
    assert sorted(problem.path for problem in problems) == sorted(
        [str(home.home / ".claude" / "settings.json"), str(home.project / ".claude" / "settings.json")]
    )
    assert not any(problem.blocking for problem in problems)
