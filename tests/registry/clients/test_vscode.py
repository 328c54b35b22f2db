from pathlib import Path

import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.vscode import CLIENT, files, user_directories
from mcpgw.registry.coverage import Reason, obstacle
from mcpgw.registry.discover import discover
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Scope, Transport
from support.client_home import client_home, write


@pytest.mark.parametrize(
    ("platform", "environ", "base"),
    [
        ("linux", {}, "/h/.config"),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, "/x"),
        ("darwin", {}, "/h/Library/Application Support"),
        ("win32", {"APPDATA": "/r"}, "/r"),
        ("win32", {}, "/h/AppData/Roaming"),
    ],
)
def test_three_programs_have_a_file_of_the_user(platform, environ, base):
    place = Place("/h", environ, platform, "/h")
    editable = [each.path for each in files(place) if each.editable]
    assert editable == [f"{base}/{program}/User/mcp.json" for program in ("Code", "Code - Insiders", "VSCodium")]
    assert all(each.syntax is Syntax.JSONC for each in files(place))


def user_directory(home):
    return Path(user_directories(home.place)[0])


def test_each_profile_has_its_own_file_and_its_own_ids(tmp_path):
    home = client_home(tmp_path)
    servers = {"servers": {"gh": {"command": "gh-mcp"}}}
    write(user_directory(home) / "mcp.json", servers)
    write(user_directory(home) / "profiles" / "-5a1" / "mcp.json", servers)
    write(Path(user_directories(home.place)[2]) / "mcp.json", servers)
    ids = [entry.entry_id for entry in discover(home.place, (CLIENT,)).entries]
    assert len(set(ids)) == 3
    assert ids[0] == "vscode:user:gh"


def test_what_its_entries_mean(tmp_path):
    home = client_home(tmp_path)
    servers = {
        "typed": {"type": "stdio", "command": "docker", "args": ["run"], "env": {"T": "${input:k}", "N": 1, "X": None}},
        "plain": {"command": "npx"},
        "remote": {"url": "https://x"},
        "sse": {"type": "sse", "url": "https://x"},
        "odd": {"type": "pigeon", "command": "x"},
        "boxed": {"command": "npx", "sandboxEnabled": True},
        "unboxed": {"command": "npx", "sandboxEnabled": False},
    }
    write(user_directory(home) / "mcp.json", {"inputs": [{"id": "k"}], "servers": servers})
    found = home.entries(CLIENT)
    assert {name: obstacle(entry) for name, entry in found.items()} == {
        "typed": None,
        "plain": None,
        "remote": Reason.REMOTE,
        "sse": Reason.REMOTE,
        "odd": Reason.INVALID,
        "boxed": Reason.SANDBOXED,
        "unboxed": None,
    }
    assert (found["remote"].transport, found["sse"].transport) == (Transport.HTTP, Transport.SSE)


def test_older_settings_are_listed(tmp_path):
    home = client_home(tmp_path)
    write(user_directory(home) / "settings.json", {"mcp": {"servers": {"old": {"command": "x"}}}, "editor.tabSize": 2})
    (entry,) = home.entries(CLIENT).values()
    assert (entry.name, entry.scope, obstacle(entry)) == ("old", Scope.USER, Reason.LISTED_ONLY)


def test_project_files_are_read_and_the_portable_one_only_where_it_ever_ran(tmp_path):
    home = client_home(tmp_path)
    write(home.project / ".vscode" / "mcp.json", {"servers": {"team": {"command": "x"}}})
    write(home.project / ".mcp.json", {"mcpServers": {"portable": {"command": "x"}}})
    assert {name: obstacle(entry) for name, entry in home.entries(CLIENT).items()} == {"team": Reason.PROJECT_FILE}
    user_directory(home).mkdir(parents=True)
    assert obstacle(home.entries(CLIENT)["portable"]) is Reason.LISTED_ONLY
