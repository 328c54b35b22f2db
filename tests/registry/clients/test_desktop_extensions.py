import pytest

from mcpgw.registry.clients.claude_desktop import CLIENT
from mcpgw.registry.coverage import Reason, coverage
from mcpgw.registry.discover import discover
from mcpgw.registry.entry import Scope, Standing
from support.client_home import client_home, write

MANIFEST = {
    "name": "fs",
    "display_name": "Files",
    "server": {
        "type": "node",
        "entry_point": "index.js",
        "mcp_config": {"command": "node", "args": ["${__dirname}/index.js"], "env": {"KEY": "${user_config.key}"}},
    },
}


@pytest.fixture
def app(tmp_path):
    home = client_home(tmp_path)
    return home, home.desktop_file.parent


def unpack(directory, extension, manifest=MANIFEST, **settings):
    write(directory / "Claude Extensions" / extension / "manifest.json", manifest)
    if settings:
        write(directory / "Claude Extensions Settings" / f"{extension}.json", settings)


@pytest.mark.requirement("list.desktop-extensions")
def test_an_extension_is_listed_and_not_routed(app):
    home, directory = app
    unpack(directory, "ant.dir.fs", isEnabled=True, userConfig={"key": "x"})
    (row,) = coverage(home.entries(CLIENT).values(), None)
    assert (row.entry.name, row.entry.scope, row.reason) == ("Files", Scope.EXTENSION, Reason.EXTENSION)
    assert (row.entry.original_argv, row.entry.env_keys) == (("node", "${__dirname}/index.js"), ("KEY",))
    assert row.counts


def test_it_is_no_file_that_install_could_edit(app):
    home, directory = app
    unpack(directory, "ant.dir.fs")
    assert not any("Extensions" in reading.file.path for reading in discover(home.place).readings)


def test_a_switched_off_one_does_not_count(app):
    home, directory = app
    unpack(directory, "ant.dir.fs", isEnabled=False)
    (row,) = coverage(home.entries(CLIENT).values(), None)
    assert (row.reason, row.counts) == (Reason.DISABLED, False)


def test_without_settings_it_counts_as_on(app):
    home, directory = app
    unpack(directory, "ant.dir.fs")
    assert home.entries(CLIENT)["Files"].standing is Standing.ACTIVE


def test_the_list_of_what_is_installed_stands_in_for_a_manifest(app):
    home, directory = app
    installed = {"a": {"manifest": MANIFEST}, "b": {"manifest": MANIFEST | {"display_name": "Stale"}}, "c": 7}
    write(directory / "extensions-installations.json", {"extensions": installed})
    unpack(directory, "b", MANIFEST | {"display_name": "Fresh"})
    assert sorted(home.entries(CLIENT)) == ["Files", "Fresh", "c"]


def test_the_app_makes_up_the_command_of_some(app):
    home, directory = app
    unpack(directory, "a", {"name": "uv", "server": {"type": "uv", "entry_point": "server.py"}})
    (row,) = coverage(home.entries(CLIENT).values(), None)
    assert (row.entry.original_argv, row.reason, row.counts) == ((), Reason.EXTENSION, True)


@pytest.mark.parametrize("manifest", [{}, {"server": 1}, {"server": {}}, [], {"server": {"mcp_config": []}}])
def test_a_manifest_without_a_server_starts_none(app, manifest):
    home, directory = app
    unpack(directory, "odd", manifest)
    (row,) = coverage(home.entries(CLIENT).values(), None)
    assert (row.entry.name, row.reason) == ("odd", Reason.INVALID)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000])
def test_a_broken_manifest_is_reported_and_stops_nothing(app, content):
    home, directory = app
    unpack(directory, "broken", content)
    unpack(directory, "ant.dir.fs")
    found = discover(home.place, (CLIENT,))
    assert [entry.name for entry in found.entries] == ["Files"]
    (problem,) = found.problems
    assert (problem.path, problem.blocking) == (
        str(directory / "Claude Extensions" / "broken" / "manifest.json"),
        False,
    )


def test_a_manifest_that_cannot_be_read_is_reported(app):
    home, directory = app
    (directory / "Claude Extensions" / "a" / "manifest.json").mkdir(parents=True)
    (problem,) = discover(home.place, (CLIENT,)).problems
    assert "cannot be read" in problem.message
