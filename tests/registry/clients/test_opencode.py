import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.opencode import CLIENT, files
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Standing, Transport
from support.client_home import client_home, write


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_files_of_the_user_and_of_the_project(platform):
    found = files(Place("/h", {}, platform, "/p"))
    assert [each.path for each in found] == [
        f"{directory}/opencode.{suffix}"
        for directory in ("/h/.config/opencode", "/p", "/p/.opencode")
        for suffix in ("json", "jsonc")
    ]
    assert all(each.syntax is Syntax.JSONC and not each.editable for each in found)


def test_the_command_is_one_list(tmp_path):
    home = client_home(tmp_path)
    servers = {
        "local": {"type": "local", "command": ["npx", "-y", "x"], "environment": {"T": "{env:T}"}},
        "alone": {"type": "local", "command": ["x"], "enabled": False},
        "remote": {"type": "remote", "url": "https://x"},
        "word": {"type": "local", "command": "npx"},
        "empty": {"type": "local", "command": []},
        "mixed": {"type": "local", "command": ["npx", 1]},
    }
    write(home.home / ".config" / "opencode" / "opencode.json", {"mcp": servers})
    found = home.entries(CLIENT)
    assert (found["local"].original_argv, found["local"].env_keys) == (("npx", "-y", "x"), ("T",))
    assert (found["alone"].original_argv, found["alone"].standing) == (("x",), Standing.DISABLED)
    assert (found["remote"].transport, found["remote"].url) == (Transport.HTTP, "https://x")
    assert {found[name].transport for name in ("word", "empty", "mixed")} == {Transport.INVALID}
