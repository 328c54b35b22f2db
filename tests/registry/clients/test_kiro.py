import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.kiro import CLIENT, files
from mcpgw.registry.entry import Standing
from support.client_home import client_home, write


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_files_of_the_user_and_of_the_project(platform):
    found = files(Place("/h", {}, platform, "/p"))
    assert [each.path for each in found] == ["/h/.kiro/settings/mcp.json", "/p/.kiro/settings/mcp.json"]
    assert not any(each.editable for each in found)


def test_a_switched_off_one_is_known(tmp_path):
    home = client_home(tmp_path)
    write(
        home.home / ".kiro" / "settings" / "mcp.json",
        {"mcpServers": {"on": {"command": "x"}, "off": {"command": "x", "disabled": True}}},
    )
    found = home.entries(CLIENT)
    assert (found["on"].standing, found["off"].standing) == (Standing.LISTED_ONLY, Standing.DISABLED)
