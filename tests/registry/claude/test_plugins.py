import pytest

from mcpgw.registry.claude.plugins import plugin_entries
from mcpgw.registry.claude.settings import JsonFiles
from mcpgw.registry.client import Place
from mcpgw.registry.entry import Transport
from support.client_home import shelve, write


@pytest.fixture
def plugins(tmp_path):
    return tmp_path / ".claude" / "plugins"


def found(tmp_path, files=None):
    entries = plugin_entries(Place(str(tmp_path), {}, "linux", str(tmp_path)), files or JsonFiles())
    return {entry.name: entry for entry in entries}


def test_no_plugin(tmp_path):
    assert found(tmp_path) == {}


@pytest.mark.requirement("list.plugins")
@pytest.mark.parametrize("servers", [{"one": {"command": "x"}}, {"mcpServers": {"one": {"command": "x"}}}])
def test_servers_beside_the_manifest_flat_or_not(tmp_path, plugins, servers):
    copy = shelve(plugins, {}, servers)
    (entry,) = found(tmp_path).values()
    assert (entry.name, entry.config_file, entry.note) == ("plugin:kit:one", str(copy / ".mcp.json"), "kit@shelf")


@pytest.mark.requirement("list.plugins")
def test_servers_in_the_manifest_inline_by_path_and_in_a_list(tmp_path, plugins):
    copy = shelve(plugins, {"mcpServers": ["./more.json", {"inline": {"command": "y"}}, "./none.json", "./b.mcpb", 7]})
    write(copy / "more.json", {"path": {"command": "x"}, "bad": {"command": 1}})
    entries = found(tmp_path)
    assert sorted(entries) == ["plugin:kit:bad", "plugin:kit:inline", "plugin:kit:path"]
    assert entries["plugin:kit:bad"].transport is Transport.INVALID


def test_the_manifest_wins_by_name(tmp_path, plugins):
    shelve(plugins, {"mcpServers": {"one": {"command": "manifest"}}}, {"one": {"command": "file"}})
    assert found(tmp_path)["plugin:kit:one"].command == "manifest"


def shelf(tmp_path, plugins, kind, **listed):
    root = tmp_path / "shelf"
    place = {"source": {"source": kind}, "installLocation": str(root)}
    write(plugins / "known_marketplaces.json", {"shelf": place})
    write(root / ".claude-plugin" / "marketplace.json", {"plugins": [7, {"name": "kit", "source": "./kit", **listed}]})
    return root / "kit"


def test_a_plugin_of_a_directory_runs_from_there(tmp_path, plugins):
    root = shelf(tmp_path, plugins, "directory")
    shelve(plugins, {"mcpServers": {"one": {"command": "${CLAUDE_PLUGIN_ROOT}/x", "args": ["${HOME}"]}}}, root=root)
    entry = found(tmp_path)["plugin:kit:one"]
    assert (entry.command, entry.args) == (f"{root}/x", ("${HOME}",))


def test_any_other_runs_from_the_clients_copy(tmp_path, plugins):
    shelf(tmp_path, plugins, "github")
    copy = shelve(plugins, {"mcpServers": {"one": {"command": "${CLAUDE_PLUGIN_ROOT}/x"}}})
    assert found(tmp_path)["plugin:kit:one"].command == f"{copy}/x"


def test_the_marketplace_itself_may_name_servers(tmp_path, plugins):
    root = shelf(tmp_path, plugins, "directory", mcpServers={"listed": {"type": "http", "url": "https://x"}})
    shelve(plugins, {}, root=root)
    assert found(tmp_path)["plugin:kit:listed"].url == "https://x"


def test_records_of_an_older_client(tmp_path, plugins):
    copy = shelve(plugins, {"mcpServers": {"one": {"command": "x"}}})
    write(plugins / "installed_plugins.json", {"version": 1, "plugins": {"kit@shelf": {"installPath": str(copy)}}})
    assert list(found(tmp_path)) == ["plugin:kit:one"]


def test_broken_files_are_reported_and_the_rest_is_read(tmp_path, plugins):
    copy = shelve(plugins, {"mcpServers": {"one": {"command": "x"}}})
    write(copy / ".mcp.json", b"{")
    files = JsonFiles()
    assert list(found(tmp_path, files)) == ["plugin:kit:one"]
    assert [problem.path for problem in files.problems] == [str(copy / ".mcp.json")]
