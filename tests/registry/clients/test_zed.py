import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.zed import CLIENT, files
from mcpgw.registry.coverage import Reason, coverage, obstacle
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Scope, Standing, Transport
from support.client_home import client_home, write


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, ["/h/.config/zed/settings.json"]),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, ["/x/zed/settings.json"]),
        ("darwin", {}, ["/h/.config/zed/settings.json", "/h/Library/Application Support/Zed/settings.json"]),
        ("win32", {"APPDATA": "/r"}, ["/r/Zed/settings.json"]),
    ],
)
def test_settings_of_the_user_and_of_the_project(platform, environ, expected):
    found = files(Place("/h", environ, platform, "/p"))
    assert [each.path for each in found] == [*expected, "/p/.zed/settings.json"]
    assert all(each.syntax is Syntax.JSONC and not each.editable for each in found)


def test_what_its_entries_mean(tmp_path):
    home = client_home(tmp_path)
    servers = {
        "new": {"source": "custom", "command": "npx", "args": ["-y"]},
        "old": {"source": "custom", "command": {"path": "npx", "args": ["-y"], "env": {}}, "settings": {}},
        "bare": {"command": {"path": "npx"}},
        "remote": {"url": "https://x", "headers": {}},
        "off": {"command": "x", "enabled": False},
        "brought": {"settings": {"database": "x"}},
        "empty": {"command": {}},
    }
    write(home.home / ".config" / "zed" / "settings.json", {"theme": "One", "context_servers": servers})
    found = home.entries(CLIENT)
    assert found["new"].original_argv == found["old"].original_argv == ("npx", "-y")
    assert (found["bare"].original_argv, found["bare"].args) == (("npx",), None)
    assert found["remote"].transport is Transport.HTTP
    assert found["off"].standing is Standing.DISABLED
    assert obstacle(found["empty"]) is Reason.INVALID


def test_what_an_extension_brings_counts_as_not_routed(tmp_path):
    home = client_home(tmp_path)
    write(home.home / ".config" / "zed" / "settings.json", {"context_servers": {"pg": {"settings": {}}}})
    (row,) = coverage(home.entries(CLIENT).values(), None)
    assert (row.entry.scope, row.entry.original_argv, row.counts) == (Scope.EXTENSION, (), True)
    assert "its command comes from an extension" in row.text
