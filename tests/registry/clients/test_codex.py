import pytest

from mcpgw.registry.client import Place
from mcpgw.registry.clients.codex import CLIENT, files
from mcpgw.registry.coverage import Reason, obstacle
from mcpgw.registry.document import Syntax
from mcpgw.registry.entry import Standing, Transport
from support.client_home import client_home, write

CONFIG = b"""\
model = "gpt"  # mine

[mcp_servers.docs]
command = "npx"
args = ["-y", "docs-mcp"]
env_vars = ["GITHUB_TOKEN"]

[mcp_servers.docs.env]
K = "v"

[mcp_servers.remote]
url = "https://x"
bearer_token_env_var = "TOKEN"

[mcp_servers.off]
command = "x"
enabled = false
"""


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_users_file_is_below_the_home(platform):
    (user,) = files(Place("/h", {}, platform, "/h"))
    assert (user.path, user.editable, user.syntax) == ("/h/.codex/config.toml", True, Syntax.TOML)


def test_its_home_can_be_elsewhere():
    assert files(Place("/h", {"CODEX_HOME": "/c"}, "linux", "/h"))[0].path == "/c/config.toml"


def test_project_files_are_only_read():
    _, project = files(Place("/h", {}, "linux", "/p"))
    assert (project.path, project.editable) == ("/p/.codex/config.toml", False)
    assert len(files(Place("/h", {"CODEX_HOME": "/p/.codex"}, "linux", "/p"))) == 1


def test_what_its_tables_mean(tmp_path):
    home = client_home(tmp_path)
    write(home.home / ".codex" / "config.toml", CONFIG)
    found = home.entries(CLIENT)
    assert (found["docs"].original_argv, found["docs"].env_keys) == (("npx", "-y", "docs-mcp"), ("K",))
    assert (found["remote"].transport, obstacle(found["remote"])) == (Transport.HTTP, Reason.REMOTE)
    assert found["off"].standing is Standing.DISABLED
