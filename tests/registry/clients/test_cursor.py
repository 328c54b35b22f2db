from dataclasses import replace

import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.cursor import CLIENT, files
from mcpgw.registry.coverage import Reason, obstacle
from mcpgw.registry.entry import Transport
from support.client_home import client_home, write


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_users_file_is_below_the_home(platform):
    user, *projects = files(Place("/h", {}, platform, "/h"))
    assert (user.path, user.editable, projects) == ("/h/.cursor/mcp.json", True, [])


def test_project_files_are_read_up_to_the_repositorys_root(tmp_path):
    home = client_home(tmp_path)
    below = home.project / "src"
    below.mkdir()
    (home.project / ".git").mkdir()
    found = files(replace(home.place, cwd=str(below)))
    assert [each.path for each in found[1:]] == [
        str(below / ".cursor" / "mcp.json"),
        str(home.project / ".cursor" / "mcp.json"),
    ]
    assert not any(each.editable for each in found[1:])


def test_an_address_needs_no_type(tmp_path):
    home = client_home(tmp_path)
    servers = {"remote": {"url": "https://x"}, "local": {"command": "npx", "args": ["${workspaceFolder}"]}}
    write(home.home / ".cursor" / "mcp.json", {"mcpServers": servers})
    write(home.project / ".cursor" / "mcp.json", {"mcpServers": {"shared": {"command": "team"}}})
    found = home.entries(CLIENT)
    assert (found["remote"].transport, found["remote"].url) == (Transport.HTTP, "https://x")
    assert {name: obstacle(entry) for name, entry in found.items()} == {
        "remote": Reason.REMOTE,
        "local": None,
        "shared": Reason.PROJECT_FILE,
    }
