import json
import os
from pathlib import Path

import pytest

from mcpgw.errors import ConfigFault, EnvironmentFault, NotFound, Partial, Refused
from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import install, observe_conflict, plan_install, settle
from mcpgw.installers.sessions import Process
from mcpgw.registry.entry import wrap
from mcpgw.registry.ledger import entries, read_ledger
from mcpgw.registry.select import Choice
from support.client_home import client_home, furnished, write


@pytest.fixture
def home(tmp_path):
    return furnished(tmp_path)


def plan(home, choice=None, tolerance=None, processes=()):
    return plan_install(home.place, home.layout, choice or Choice(), tolerance or Tolerance(), processes)


def route(home, **options):
    return install(home.layout, plan(home, **options), observe=False, now=1.0)


def contents(home):
    return {path: path.read_bytes() for path in (home.code_file, home.desktop_file)}


def outcomes(found):
    return {change.entry.name: str(change.outcome) for file in found.files for change in file.changes}


def test_planning_changes_nothing(home):
    before = contents(home)
    assert outcomes(plan(home)) == {"fs": "route", "db": "route", "git mine": "route"}
    assert contents(home) == before
    assert not os.path.exists(home.layout.root)


@pytest.mark.requirement("install.routes-stdio")
def test_every_stdio_server_is_routed_and_nothing_else_changes(home):
    shared = (home.project / ".mcp.json").read_bytes()
    route(home)
    tree = json.loads(home.code_file.read_bytes())
    assert tree["mcpServers"]["fs"] == {
        "command": home.layout.launcher,
        "args": list(wrap("claude-code:user:fs", "npx", ["-y", "fs", "${HOME}/work"])),
        "env": {"TOKEN": "t"},
        "timeout": 60000,
    }
    assert tree["mcpServers"]["sentry"] == {"type": "http", "url": "https://mcp.sentry.dev/mcp"}
    assert tree["numStartups"] == 41
    assert (home.project / ".mcp.json").read_bytes() == shared
    assert {entry.name for entry in entries(home.layout)} == {"fs", "db", "git mine"}
    assert os.access(home.layout.launcher, os.X_OK)
    assert os.path.exists(home.layout.policy_current)


@pytest.mark.requirement("install.idempotent")
def test_a_second_install_changes_nothing(home):
    route(home)
    before, ledger = contents(home), Path(home.layout.ledger_file).read_bytes()
    again = plan(home)
    assert not again.changed
    done = install(home.layout, again, observe=False, now=2.0)
    assert (done.files, done.launcher_written) == ((), False)
    assert (contents(home), Path(home.layout.ledger_file).read_bytes()) == (before, ledger)


def test_a_server_that_came_later_is_new(home):
    route(home)
    tree = json.loads(home.code_file.read_bytes())
    tree["mcpServers"]["late"] = {"command": "late"}
    write(home.code_file, tree)
    seen = read_ledger(home.layout).seen
    assert "claude-code:user:fs" in seen
    assert home.entries()["late"].entry_id not in seen
    assert outcomes(plan(home)) == {"late": "route"}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(servers=("fs",)), {"fs"}),
        (Choice(excepted=("fs",)), {"db", "git mine"}),
        (Choice(client="claude-desktop"), {"git mine"}),
        (Choice(scope="local"), {"db"}),
        (Choice(servers=("sentry",)), set()),
    ],
)
def test_the_choice_is_kept(home, choice, expected):
    assert set(outcomes(plan(home, choice=choice))) == expected


def test_an_unknown_server_is_not_found(home):
    with pytest.raises(NotFound):
        plan(home, choice=Choice(servers=("nope",)))


@pytest.mark.requirement("install.managed-file")
def test_with_a_managed_file_claude_code_is_left_alone(home):
    write(home.managed_file, {"mcpServers": {}})
    assert outcomes(plan(home)) == {"git mine": "route"}


@pytest.mark.requirement("install.client-deny-list")
def test_a_denied_server_is_not_routed(home):
    write(home.home / ".claude" / "settings.json", {"deniedMcpServers": [{"serverCommand": ["uvx"]}]})
    assert set(outcomes(plan(home))) == {"fs", "git mine"}


@pytest.mark.requirement("install.bad-input")
def test_a_broken_file_stops_everything_unless_told_to_go_on(home):
    write(home.code_file, b"{\n  // a comment\n}")
    with pytest.raises(ConfigFault, match=r"\.claude\.json:2:3: comments"):
        plan(home)
    going_on = plan(home, tolerance=Tolerance(keep_going=True))
    assert outcomes(going_on) == {"git mine": "route"}
    assert [problem.path for problem in going_on.problems] == [str(home.code_file)]


def test_a_broken_file_of_another_client_does_not_matter(home):
    write(home.desktop_file, b"{")
    assert set(outcomes(plan(home, choice=Choice(client="claude-code")))) == {"fs", "db"}


def test_a_broken_project_file_stops_nothing(home):
    write(home.project / ".mcp.json", b"{")
    assert set(outcomes(plan(home))) == {"fs", "db", "git mine"}


@pytest.mark.requirement("install.desktop-running")
def test_desktop_is_not_edited_while_it_runs(home):
    running = (Process(1, "Claude", 1.0),)
    with pytest.raises(Refused, match="Claude Desktop is running"):
        plan(home, processes=running)
    assert set(outcomes(plan(home, processes=running, tolerance=Tolerance(keep_going=True)))) == {"fs", "db"}
    assert "git mine" in outcomes(plan(home, processes=running, tolerance=Tolerance(force=True)))


def test_a_policy_that_does_not_compile_stops_before_the_first_edit(home):
    before = contents(home)
    write(home.root / "state" / "config.toml", b"profile = 7\n")
    with pytest.raises(ConfigFault):
        route(home)
    assert contents(home) == before
    assert entries(home.layout) == ()


def test_a_failure_at_the_second_file_is_partial(home):
    found = plan(home)
    home.desktop_file.unlink()
    with pytest.raises(Partial, match="files routed before it: 1"):
        install(home.layout, found, observe=False, now=1.0)
    assert {entry.name for entry in entries(home.layout)} == {"fs", "db"}


def test_a_failure_at_the_first_file_is_itself(home):
    found = plan(home)
    home.code_file.unlink()
    with pytest.raises(EnvironmentFault):
        install(home.layout, found, observe=False, now=1.0)
    assert entries(home.layout) == ()


def test_observe_is_written_only_where_there_is_no_config(home):
    install(home.layout, plan(home), observe=True, now=1.0)
    assert b'profile = "observe"' in Path(home.layout.config_file).read_bytes()
    assert observe_conflict(home.layout) is None


@pytest.mark.parametrize("config", [b'profile = "strict"\n', b"# nothing\n"])
def test_an_existing_config_is_the_users(home, config):
    write(home.root / "state" / "config.toml", config)
    install(home.layout, plan(home), observe=True, now=1.0)
    assert Path(home.layout.config_file).read_bytes() == config
    conflict = observe_conflict(home.layout)
    assert conflict is not None
    assert home.layout.config_file in conflict


def test_no_config_is_no_conflict(home):
    assert observe_conflict(home.layout) is None


def test_a_state_directory_that_cannot_be_made_is_a_fault(home):
    (home.root / "state").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot be made"):
        route(home)


def test_an_empty_home_has_nothing_to_plan(tmp_path):
    assert not plan(client_home(tmp_path)).changed


def test_settling_needs_a_ledger(home):
    assert settle(home.layout, now=1.0) == ()
    assert not os.path.exists(home.layout.root)
    route(home)
    assert settle(home.layout, now=1.0) == ()
