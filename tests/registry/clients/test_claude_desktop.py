import os

import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.claude_desktop import CLIENT, files
from mcpgw.registry.coverage import Reason, coverage
from mcpgw.registry.discover import discover
from support.client_home import client_home, write


def paths(place):
    return [file.path for file in files(place)]


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, "/h/.config/Claude/claude_desktop_config.json"),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, "/x/Claude/claude_desktop_config.json"),
        ("linux", {"XDG_CONFIG_HOME": "relative"}, "/h/.config/Claude/claude_desktop_config.json"),
        ("darwin", {}, "/h/Library/Application Support/Claude/claude_desktop_config.json"),
        ("win32", {"APPDATA": "/r", "LOCALAPPDATA": "/l"}, "/r/Claude/claude_desktop_config.json"),
    ],
)
def test_one_file_on_each_platform(platform, environ, expected):
    assert paths(Place("/h", environ, platform, "/")) == [expected]


def windows(tmp_path, *packages):
    for package in packages:
        (tmp_path / "Local" / "Packages" / package).mkdir(parents=True)
    environ = {"APPDATA": str(tmp_path / "Roaming"), "LOCALAPPDATA": str(tmp_path / "Local")}
    return Place(str(tmp_path), environ, "win32", str(tmp_path))


def test_a_packaged_app_reads_its_own_copy(tmp_path):
    place = windows(tmp_path, "Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude", "Other_1/LocalCache/Roaming/Claude")
    (path,) = paths(place)
    assert path.startswith(os.path.join(str(tmp_path), "Local", "Packages", "Claude_pzs8sxrjxfjjc"))


def test_a_package_that_was_never_launched_is_ignored(tmp_path):
    (path,) = paths(windows(tmp_path, "Claude_pzs8sxrjxfjjc"))
    assert path == os.path.join(str(tmp_path), "Roaming", "Claude", "claude_desktop_config.json")


def test_an_older_app_beside_the_package_counts_if_it_has_a_file(tmp_path):
    place = windows(tmp_path, "Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude")
    (tmp_path / "Roaming" / "Claude").mkdir(parents=True)
    (tmp_path / "Roaming" / "Claude" / "claude_desktop_config.json").write_text("{}")
    assert len(paths(place)) == 2


def test_it_must_be_closed_first():
    assert CLIENT.must_be_closed


@pytest.mark.parametrize(
    ("platform", "directory"),
    [
        ("linux", ".config/Claude-3p"),
        ("darwin", "Library/Application Support/Claude-3p"),
        ("win32", "AppData/Roaming/Claude-3p"),
        ("win32", "AppData/Local/Claude-3p"),
        ("win32", "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude-3p"),
    ],
)
def test_builds_for_other_providers_have_their_own_file(tmp_path, platform, directory):
    place = Place(str(tmp_path), {}, platform, "/")
    assert not any("Claude-3p" in path for path in paths(place))
    (tmp_path / directory).mkdir(parents=True)
    assert str(tmp_path / directory / "claude_desktop_config.json") in paths(place)


def test_ids_differ_where_there_is_more_than_one_file(tmp_path):
    home = client_home(tmp_path)
    for directory in ("Claude", "Claude-3p"):
        path = home.home / ".config" / directory / "claude_desktop_config.json"
        write(path, {"mcpServers": {"fs": {"command": "npx"}}})
    first, second = (entry.entry_id for entry in discover(home.place, (CLIENT,)).entries)
    assert (first, second.startswith("claude-desktop:user@")) == ("claude-desktop:user:fs", True)


def test_an_entry_without_a_command_is_skipped_by_the_app(tmp_path):
    home = client_home(tmp_path)
    servers = {"url": {"url": "https://x"}, "typed": {"type": "http", "url": "https://x"}, "bare": {"transport": "sse"}}
    write(home.desktop_file, {"mcpServers": servers})
    rows = {row.entry.name: row for row in coverage(home.entries(CLIENT).values(), None)}
    assert {row.reason for row in rows.values()} == {Reason.INVALID}
    assert not any(row.counts for row in rows.values())
    assert "starts local servers only" in rows["url"].text
    assert rows["url"].text == rows["typed"].text


def test_comments_are_not_for_this_app(tmp_path):
    home = client_home(tmp_path)
    write(home.desktop_file, b'{"mcpServers": {} // mine\n}')
    (problem,) = discover(home.place, (CLIENT,)).problems
    assert problem.blocking
    assert problem.message == f"{home.desktop_file}:1:19: comments are not allowed in this file"
