import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.copilot_cli import CLIENT, files
from mcpgw.registry.entry import Scope, Standing, Transport
from support.client_home import client_home, write


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_one_file_of_the_user(platform):
    (file,) = files(Place("/h", {}, platform, "/p"))
    assert (file.path, file.editable) == ("/h/.copilot/mcp-config.json", False)


def test_its_home_can_be_elsewhere():
    assert files(Place("/h", {"COPILOT_HOME": "/c"}, "linux", "/p"))[0].path == "/c/mcp-config.json"


def test_a_local_server_has_its_own_word(tmp_path):
    home = client_home(tmp_path)
    servers = {
        "local": {"type": "local", "command": "x", "tools": ["*"]},
        "http": {"type": "http", "url": "https://x", "tools": ["*"]},
        "odd": {"type": "pigeon"},
    }
    write(home.home / ".copilot" / "mcp-config.json", {"mcpServers": servers})
    found = home.entries(CLIENT)
    assert [found[name].transport for name in servers] == [Transport.STDIO, Transport.HTTP, Transport.INVALID]


def test_portable_files_are_read_where_it_ever_ran(tmp_path):
    home = client_home(tmp_path)
    write(home.project / ".mcp.json", {"mcpServers": {"shared": {"command": "x"}}})
    assert home.entries(CLIENT) == {}
    (home.home / ".copilot").mkdir()
    shared = home.entries(CLIENT)["shared"]
    assert (shared.scope, shared.standing) == (Scope.PROJECT, Standing.LISTED_ONLY)
