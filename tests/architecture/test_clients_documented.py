"""The page of clients says of each one which files it has, on which platform, and what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpgw.registry.client import Client, ConfigFile, Place
from mcpgw.registry.discover import CLIENTS
from mcpgw.registry.document import EACH
from mcpgw.registry.entry import Standing

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "clients.md").read_text("utf-8")
PLATFORMS = ("linux", "darwin", "win32")


def _machine(root: Path, platform: str) -> Place:
    """A machine on which every client has run."""
    home = root / platform / "home"
    place = Place(str(home), {}, platform, str(root / platform / "project"))
    config, roaming = Path(place.config_home), "AppData/Local/Packages/Claude_<publisher>/LocalCache/Roaming"
    for directory in ("Claude", "Claude-3p"):
        (config / directory).mkdir(parents=True)
        (home / roaming / directory).mkdir(parents=True)
    (config / "Claude" / "claude_desktop_config.json").touch()
    (home / "AppData" / "Local" / "Claude-3p").mkdir(parents=True)
    (home / ".copilot").mkdir()
    for program in ("Code", "Code - Insiders", "VSCodium"):
        (config / program / "User" / "profiles" / "<profile>").mkdir(parents=True)
        (config / program / "User" / "profiles" / "<profile>" / "mcp.json").touch()
    return place


def _shown(place: Place, path: str) -> str:
    for directory, name in ((place.config_home, "<config>"), (place.home, "~"), (place.cwd, "<project>")):
        if path.startswith(directory + "/"):
            return name + path.removeprefix(directory)
    return path


def _done(file: ConfigFile) -> str:
    if file.editable:
        return "written"
    return "listed" if file.untouched is Standing.LISTED_ONLY else "read"


def _rows(client: Client, place: Place) -> Iterator[tuple[str, ...]]:
    for file in client.files(place):
        shown = _shown(place, file.path)
        if file.path.startswith(place.cwd) or not place.cwd.startswith(str(Path(file.path).parent)):
            paths = (".".join("*" if key is EACH else key for key in each.path) for each in file.containers)
            scopes = " ".join(dict.fromkeys(str(each.scope) for each in file.containers))
            yield client.name, shown, file.syntax.name, " ".join(dict.fromkeys(paths)), scopes, _done(file)


@pytest.mark.requirement("docs.clients")
def test_every_file_of_every_client(tmp_path: Path) -> None:
    table = re.findall(r"^\| `(.+)` \| `(.+)` \| (\w+) \| `(.+)` \| ([\w ]+) \| (\w+) \|$", PAGE, re.M)
    places = [_machine(tmp_path, platform) for platform in PLATFORMS]
    rows = dict.fromkeys(row for client in CLIENTS for place in places for row in _rows(client, place))
    assert table == list(rows)


@pytest.mark.requirement("docs.clients")
def test_every_client_and_what_is_peculiar_to_it() -> None:
    table = re.findall(r"^\| `([a-z-]+)` \| ([\w ]+) \| .+ \|$", PAGE.split("## Files")[0], re.M)
    assert table == [(client.name, client.title) for client in CLIENTS]
