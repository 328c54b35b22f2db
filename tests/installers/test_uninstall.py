import json
import os
import shutil
from dataclasses import replace

import pytest

from mcpgw.errors import ConfigFault, EnvironmentFault, NotFound, Partial, Refused, UsageFault
from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import install, plan_install
from mcpgw.installers.project_servers import ProjectServers
from mcpgw.installers.sessions import Process
from mcpgw.installers.trust import stale
from mcpgw.installers.uninstall import check_purge, live_instances, plan_uninstall, purge, uninstall
from mcpgw.registry.ledger import LedgerEntry, Step, append, done_record, entries, plan_record
from mcpgw.registry.select import Choice
from mcpgw.state.instance import Identity, open_instance
from support.client_home import furnished, write


@pytest.fixture
def home(tmp_path):
    return furnished(tmp_path)


@pytest.fixture
def before(home):
    """The bytes before; the servers are then routed."""
    content = {path: path.read_bytes() for path in (home.code_file, home.desktop_file)}
    install(home.layout, plan_install(home.place, home.layout, Choice(), Tolerance(), ()), observe=False, now=1.0)
    return content


def plan(home, choice=None, tolerance=None, processes=()):
    return plan_uninstall(home.place, home.layout, choice or Choice(), tolerance or Tolerance(), processes)


def take_off(home, **options):
    return uninstall(home.layout, plan(home, **options), now=2.0)


def test_a_shared_file_that_was_edited_stands_in_the_way_when_it_breaks(home):
    edited = plan_install(home.place, home.layout, Choice(), Tolerance(), (), ProjectServers.EDIT)
    install(home.layout, edited, observe=False, now=1.0)
    shared = home.project / ".mcp.json"
    write(shared, b"<<<<<<< HEAD\n" + shared.read_bytes())
    with pytest.raises(ConfigFault, match=r"\.mcp\.json:1:1"):
        plan(home)
    assert [each.path for each in plan(home, tolerance=Tolerance(keep_going=True)).problems] == [str(shared)]


def on_disk(before):
    return {path: path.read_bytes() for path in before}


@pytest.mark.requirement("uninstall.exact-bytes")
def test_everything_is_as_it_was(home, before):
    assert len(take_off(home)) == 2
    assert on_disk(before) == before
    assert entries(home.layout) == ()


def test_a_second_time_changes_nothing(home, before):
    take_off(home)
    assert not plan(home).changed
    assert take_off(home) == ()


def test_nothing_is_left_to_review_of_a_shared_entry_that_a_pull_brought_back(home):
    shared = home.project / ".mcp.json"
    original, mode = shared.read_bytes(), ProjectServers.EDIT
    install(home.layout, plan_install(home.place, home.layout, Choice(), Tolerance(), (), mode), observe=False, now=1.0)
    shared.write_bytes(original.replace(b"team", b"other"))
    assert len(stale(home.layout)) == 1
    take_off(home)
    assert stale(home.layout) == ()


@pytest.mark.requirement("uninstall.without-state")
def test_it_works_with_the_state_gone_and_makes_none(home, before):
    shutil.rmtree(home.layout.root)
    take_off(home)
    assert on_disk(before) == before
    assert not os.path.exists(home.layout.root)


def edited_for_an_unknown_client(home):
    """A file that the ledger has for a client of another version, in the shape that this version would write too."""
    path = home.home / "future.json"
    entry = LedgerEntry("future:user:x", "x", "future", "user", None, str(path))
    step = Step(9, str(path), str(path), "0" * 64, "1" * 64, (), (entry,))
    append(home.layout, plan_record(step, at=1.0), done_record(step, at=1.0))
    return path


@pytest.mark.requirement("uninstall.unknown-client")
def test_a_file_of_an_unknown_client_stops_it_and_is_kept_in_mind(home, before):
    path = edited_for_an_unknown_client(home)
    content = write(
        path, {"mcpServers": {"x": {"command": home.layout.launcher, "args": ["run", "--entry", "future:user:x"]}}}
    )
    with pytest.raises(
        ConfigFault, match=r"future\.json was edited for future, a client that this version does not know"
    ):
        plan(home)
    take_off(home, tolerance=Tolerance(keep_going=True))
    assert on_disk(before) == before
    assert path.read_bytes() == content
    assert [each.client for each in entries(home.layout)] == ["future"]


@pytest.mark.parametrize("content", [None, b'{"mcpServers": {"x": {"command": "x"}}}'])
def test_one_that_holds_nothing_of_ours_any_more_is_forgotten(home, before, content):
    path = edited_for_an_unknown_client(home)
    if content is not None:
        write(path, content)
    take_off(home)
    assert on_disk(before) == before
    assert entries(home.layout) == ()


@pytest.mark.requirement("uninstall.keeps-edits")
def test_deleted_stays_deleted_and_edited_stays_edited(home, before):
    tree = json.loads(home.code_file.read_bytes())
    del tree["mcpServers"]["fs"]
    tree["projects"][str(home.project)]["mcpServers"]["db"]["env"] = {"A": "1"}
    tree["fresh"] = True
    write(home.code_file, tree)
    take_off(home)
    after = json.loads(home.code_file.read_bytes())
    assert after["mcpServers"] == {"sentry": {"type": "http", "url": "https://mcp.sentry.dev/mcp"}}
    assert after["projects"][str(home.project)]["mcpServers"]["db"] == {
        "type": "stdio",
        "command": "uvx",
        "env": {"A": "1"},
    }
    assert after["fresh"] is True
    assert entries(home.layout) == ()


def test_a_file_that_is_gone_stays_gone(home, before):
    home.desktop_file.unlink()
    take_off(home)
    assert not home.desktop_file.exists()
    assert entries(home.layout) == ()


def test_one_server_comes_off(home, before):
    take_off(home, choice=Choice(servers=("git mine",)))
    assert home.desktop_file.read_bytes() == before[home.desktop_file]
    assert {entry.name for entry in entries(home.layout)} == {"fs", "db"}


def test_a_server_that_is_not_routed_is_not_found(home, before):
    with pytest.raises(NotFound):
        plan(home, choice=Choice(servers=("sentry",)))
    take_off(home)
    with pytest.raises(NotFound, match="no server is routed"):
        plan(home, choice=Choice(servers=("fs",)))


def test_a_file_of_another_home_is_found_by_the_ledger(home, before):
    elsewhere = replace(home.place, home=str(home.root / "nobody"))
    uninstall(home.layout, plan_uninstall(elsewhere, home.layout, Choice(), Tolerance(), ()), now=2.0)
    assert on_disk(before) == before


def test_a_broken_file_stops_it_unless_told_to_go_on(home, before):
    write(home.code_file, b"{")
    with pytest.raises(ConfigFault):
        plan(home)
    take_off(home, tolerance=Tolerance(keep_going=True))
    assert home.desktop_file.read_bytes() == before[home.desktop_file]


def test_a_running_desktop_stops_it(home, before):
    with pytest.raises(Refused):
        plan(home, processes=(Process(1, "claude-desktop", 1.0),))


def test_a_file_that_changes_meanwhile_is_looked_at_again(home, before):
    found = plan(home)
    write(home.desktop_file, b" " + home.desktop_file.read_bytes())
    uninstall(home.layout, found, now=2.0)
    assert home.desktop_file.read_bytes() == b" " + before[home.desktop_file]


@pytest.mark.parametrize(("lost", "error"), [("code_file", EnvironmentFault), ("desktop_file", Partial)])
def test_a_failure_says_how_far_it_came(home, before, lost, error):
    found = plan(home)
    getattr(home, lost).unlink()
    with pytest.raises(error):
        uninstall(home.layout, found, now=2.0)


def test_purge_removes_what_is_ours_and_nothing_else(home, before):
    take_off(home)
    (home.root / "state" / "mine.txt").write_text("x")
    (home.root / "state" / "bin" / "other").write_text("x")
    purge(home.layout)
    assert sorted(os.listdir(home.layout.root)) == ["bin", "mine.txt"]
    assert os.listdir(home.layout.bin_dir) == ["other"]
    purge(home.layout)


def test_purge_removes_the_directory_itself(home, before):
    take_off(home)
    purge(home.layout)
    assert not os.path.exists(home.layout.root)


def test_purge_is_all_or_nothing_and_waits_for_sessions(home, before):
    check_purge(home.layout, Choice())
    with pytest.raises(UsageFault):
        check_purge(home.layout, Choice(servers=("fs",)))
    instance = open_instance(home.layout, Identity("fs", "claude-code:user:fs"), now=1.0)
    assert [each.id for each in live_instances(home.layout)] == [instance.id]
    with pytest.raises(Refused, match="sessions still run"):
        check_purge(home.layout, Choice())
    instance.close()
    assert live_instances(home.layout) == ()
