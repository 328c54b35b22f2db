import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.gemini_cli import CLIENT, files
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Scope, Standing, Transport
from support.client_home import client_home, write


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_settings_of_the_user_and_of_the_project(platform):
    found = files(Place("/h", {}, platform, "/p"))
    assert [each.path for each in found] == ["/h/.gemini/settings.json", "/p/.gemini/settings.json"]
    assert all(each.syntax is Syntax.JSONC and not each.editable for each in found)


def test_a_bare_url_is_an_sse_server(tmp_path):
    home = client_home(tmp_path)
    servers = {
        "http": {"httpUrl": "https://a"},
        "sse": {"url": "https://b"},
        "typed": {"url": "https://c", "type": "http"},
        "local": {"command": "npx", "env": {"T": "$T"}},
    }
    write(home.home / ".gemini" / "settings.json", {"theme": "x", "mcpServers": servers})
    found = home.entries(CLIENT)
    assert {name: entry.transport for name, entry in found.items()} == {
        "http": Transport.HTTP,
        "sse": Transport.SSE,
        "typed": Transport.HTTP,
        "local": Transport.STDIO,
    }
    assert {(entry.scope, entry.standing) for entry in found.values()} == {(Scope.USER, Standing.LISTED_ONLY)}
