import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.cline import CLIENT, files
from mcpgw.registry.entry import Standing, Transport
from support.client_home import client_home, write

SETTINGS = "settings/cline_mcp_settings.json"


@pytest.mark.parametrize(
    ("platform", "base"),
    [("linux", "/h/.config"), ("darwin", "/h/Library/Application Support"), ("win32", "/h/AppData/Roaming")],
)
def test_the_extensions_files_and_the_command_lines(platform, base):
    found = files(Place("/h", {}, platform, "/h"))
    storages = [f"{base}/{program}/User/globalStorage" for program in ("Code", "Code - Insiders", "VSCodium")]
    assert [each.path for each in found] == [
        *(f"{each}/saoudrizwan.claude-dev/{SETTINGS}" for each in storages),
        f"/h/.cline/data/{SETTINGS}",
    ]
    assert [each.several for each in found] == [False, True, True, True]
    assert not any(each.editable for each in found)


def test_what_its_entries_mean(tmp_path):
    home = client_home(tmp_path)
    servers = {
        "local": {"command": "x", "autoApprove": [], "timeout": 60},
        "off": {"command": "x", "disabled": True},
        "http": {"type": "streamableHttp", "url": "https://x"},
        "sse": {"url": "https://x"},
    }
    write(home.home / ".cline" / "data" / SETTINGS, {"mcpServers": servers})
    found = home.entries(CLIENT)
    assert {name: entry.transport for name, entry in found.items()} == {
        "local": Transport.STDIO,
        "off": Transport.STDIO,
        "http": Transport.HTTP,
        "sse": Transport.SSE,
    }
    assert (found["local"].standing, found["off"].standing) == (Standing.LISTED_ONLY, Standing.DISABLED)
