import os

import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.claude_desktop import CLIENT, files


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
