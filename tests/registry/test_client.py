import sys

import pytest

from mcpgw.registry.client import (
    Client,
    Place,
    all_active,
    no_further_files,
    project_directories,
    this_machine,
    with_parents,
)
from mcpgw.registry.discover import client_named


def test_the_home_is_what_the_environment_says():
    place = this_machine({"HOME": "/somewhere"}, "/cwd")
    assert (place.home, place.cwd, place.platform, place.system_root) == ("/somewhere", "/cwd", sys.platform, "")


def test_a_client_needs_only_its_files():
    client = Client("x", "X", lambda place: ())
    place = this_machine({"HOME": "/h"}, "/")
    assert client.further is no_further_files
    assert client.further(place, ()) == ()
    assert client.judge is all_active
    assert client.judge(place, (), ()).entries == ()


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, "/h/.config"),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, "/x"),
        ("linux", {"XDG_CONFIG_HOME": "relative"}, "/h/.config"),
        ("darwin", {"XDG_CONFIG_HOME": "/x"}, "/h/Library/Application Support"),
        ("win32", {"APPDATA": "/r"}, "/r"),
        ("win32", {}, "/h/AppData/Roaming"),
    ],
)
def test_where_desktop_programs_keep_their_settings(platform, environ, expected):
    assert Place("/h", environ, platform, "/").config_home == expected


def test_projects_are_looked_for_up_to_the_repositorys_root(tmp_path):
    root, inner = tmp_path / "r", tmp_path / "r" / "a" / "b"
    inner.mkdir(parents=True)
    place = Place("/h", {}, "linux", str(inner))
    assert project_directories(place) == (str(inner),)
    (root / ".git").write_text("gitdir: elsewhere")  # as in a worktree
    assert project_directories(place) == (str(inner), str(inner.parent), str(root))


def test_the_home_is_no_project(tmp_path):
    home = tmp_path / "home"
    (home / "code").mkdir(parents=True)
    (home / ".git").mkdir()
    (tmp_path / "link").symlink_to(home)
    assert project_directories(Place(str(home), {}, "linux", str(home / "code"))) == (str(home / "code"),)
    assert project_directories(Place(str(home), {}, "linux", str(tmp_path / "link"))) == ()


def test_a_file_known_from_elsewhere_has_the_shape_of_its_scope(tmp_path):
    place = Place(str(tmp_path), {}, "linux", str(tmp_path))
    path = str(tmp_path / "app" / ".cursor" / "mcp.json")
    cursor = client_named("cursor")
    assert cursor.shape_of(place, path, "project").shared
    assert not cursor.shape_of(place, path, "user").shared


def test_parents_end_at_the_root():
    assert list(with_parents("/a/b")) == ["/a/b", "/a", "/"]
