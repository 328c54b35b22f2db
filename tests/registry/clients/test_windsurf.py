import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.windsurf import CLIENT, files
from mcpgw.registry.coverage import Reason, obstacle
from mcpgw.registry.entry import Transport
from support.client_home import client_home, write

FILE = ".codeium/windsurf/mcp_config.json"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_one_file_below_the_home(platform):
    (file,) = files(Place("/h", {}, platform, "/p"))
    assert (file.path, file.editable) == (f"/h/{FILE}", False)


def test_a_remote_server_is_named_by_its_own_key(tmp_path):
    home = client_home(tmp_path)
    servers = {
        "remote": {"serverUrl": "https://x"},
        "local": {"command": "x"},
        "off": {"command": "x", "disabled": True},
    }
    write(home.home / FILE, {"mcpServers": servers})
    found = home.entries(CLIENT)
    assert (found["remote"].transport, found["remote"].url) == (Transport.HTTP, "https://x")
    assert obstacle(found["remote"]) is obstacle(found["local"]) is Reason.LISTED_ONLY
    assert found["off"].standing == "disabled"
