from dataclasses import replace

import pytest

from mcpgw.registry.coverage import Reason, obstacle
from mcpgw.registry.discover import discover
from mcpgw.registry.entry import Entry, Scope, Standing, Transport, wrap
from mcpgw.registry.wrappers import OURS, WRAPPERS, marked, wrapper_of
from support.client_home import client_home, write

ENTRY = Entry(
    "claude-code", Scope.USER, "/f", None, "fs", Transport.STDIO, "pipelock", ("mcp", "proxy"), (), None, "{}"
)


@pytest.mark.requirement("install.never-nested")
@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("pipelock mcp proxy --config p.yaml -- npx -y server", "pipelock"),
        ("/usr/local/bin/pipelock --quiet mcp proxy -- npx server", "pipelock"),
        ("docker run -i --rm -v /a:/b ghcr.io/luckypipewrench/pipelock:latest mcp proxy -- server", "pipelock"),
        ("node9 mcp-gateway --upstream 'npx -y server'", "node9"),
        ("C:\\tools\\Node9.cmd mcp-gateway --upstream server", "node9"),
        ("npx -y @node9/proxy@2 mcp-gateway --upstream server", "node9"),
        ("npx -p @node9/proxy node9 mcp-gateway --upstream server", "node9"),
        ("mcp-proxy https://example.com/sse", "mcp-proxy"),
        ("uvx mcp-proxy@latest --transport streamablehttp https://example.com", "mcp-proxy"),
        ("uvx --from git+https://github.com/sparfenyuk/mcp-proxy mcp-proxy", "mcp-proxy"),
        ("uv tool run mcp-proxy", "mcp-proxy"),
        ("uv run --directory /srv python -m mcp_proxy", "mcp-proxy"),
        ("pipx run --spec mcp-proxy==0.8 mcp-proxy", "mcp-proxy"),
        ("docker run --rm -i -e TOKEN ghcr.io/sparfenyuk/mcp-proxy https://example.com", "mcp-proxy"),
        ("mcp-gateway stdio --name fs npx -y server", "mcp-gateway"),
        ("uvx mcp-gateway stdio npx server", "mcp-gateway"),
        ("cmd /c npx -y mcp-gateway stdio server", "mcp-gateway"),
        ("docker mcp gateway run --profile work", "Docker MCP Gateway"),
        ("thv proxy stdio github", "ToolHive"),
        ("mcpproxy serve", "MCPProxy"),
        ("mcp-guardian --profile x", "mcp-guardian"),
        ("mcp-guard.exe -- npx server", "mcp-guard"),
        ("mcp-guardrail run --policy p.yaml -- npx server", "mcp-guardrail"),
        ("uvx invariant-gateway@latest mcp --project-name p --exec npx server", "Invariant Gateway"),
        ("uvx mcp-scan@latest proxy -- npx server", "mcp-scan"),
        ("npx agentmesh-mcp-proxy protect server", "agentmesh-mcp-proxy"),
        ("agentmesh protect server", "agentmesh-mcp-proxy"),
        ("python3.12 -I -m agentmesh.integrations.mcp.proxy --upstream server", "agentmesh-mcp-proxy"),
        ("python -m mcpgateway.wrapper", "ContextForge"),
        ("/opt/mcp-context-protector.sh --command server", "mcp-context-protector"),
        ("avakill mcp-proxy --upstream-cmd server", "AvaKill"),
        ("rampart mcp -- server", "Rampart"),
        ("stroq mcp --server x -- server", "Stroq"),
        ("npx -y @team-attention/mcproxy -- npx server", "mcproxy"),
        ("bash -lc 'TOKEN=x exec pipelock mcp proxy -- npx server'", "pipelock"),
        ("env TOKEN=x mcp-proxy https://example.com", "mcp-proxy"),
        ("mcpgw run -- npx -y server", OURS),
        ("mcpgw stdio npx -y server", OURS),
        ("uvx mcpgw-gateway run -- npx -y server", OURS),
        ("uvx --from mcpgw-gateway mcpgw run -- npx -y server", OURS),
        ("/usr/bin/python3 -IS /old/state/bin/mcpgw run --entry claude-code:user:fs -- npx", OURS),
    ],
)
def test_another_gateway_is_known_by_what_the_entry_starts(command, name):
    assert wrapper_of(words(command)) == name


@pytest.mark.parametrize(
    "command",
    [
        "npx -y mcp-remote https://example.com/mcp",
        "npx -y supergateway --sse https://example.com",
        "npx -y @modelcontextprotocol/server-filesystem /home/u/mcp-proxy",
        "npx -y @kirha/mcp-gateway stdio",
        "node9 mcp-server",
        "pipelock version",
        "thv mcp serve",
        "docker run -i --rm mcp/github",
        "docker run -i --rm -e pipelock -e X=y mcp/github mcp-proxy",
        "python -c import\\ mcp_proxy",
        "python server.py mcp-gateway",
        "mcpgw list",
        "server -- pipelock mcp proxy",
        "bash -c 'unbalanced \"quote'",
        "npx",
        "npx -y",
        "uv sync",
        "-",
        "",
    ],
)
def test_a_server_is_no_gateway(command):
    assert wrapper_of(words(command)) is None


def test_runners_that_start_runners_come_to_an_end():
    assert wrapper_of(("env",) * 1000 + ("mcp-proxy",)) is None


def words(command):
    """As a shell would split it, but for the backslashes of Windows paths."""
    import shlex

    return tuple(shlex.split(command, posix="C:" not in command))


def test_it_is_refused_with_the_gateways_name():
    entry = marked(ENTRY)
    assert (entry.standing, entry.note, obstacle(entry)) == (Standing.WRAPPED, "pipelock", Reason.WRAPPED)


def test_a_switched_off_one_is_refused_too():
    """Routed for the day that it is switched on, it would be nested then."""
    assert marked(replace(ENTRY, standing=Standing.DISABLED)).standing is Standing.WRAPPED


@pytest.mark.parametrize("standing", sorted(set(Standing) - {Standing.ACTIVE, Standing.DISABLED}))
def test_another_reason_not_to_route_it_comes_first(standing):
    assert marked(replace(ENTRY, standing=standing)).standing is standing


def test_a_routed_entry_is_ours_to_take_off():
    routed = replace(ENTRY, command="/old/state/bin/mcpgw", args=wrap("claude-code:user:fs", "npx", ()))
    assert marked(routed) is routed


def test_every_client_is_looked_at(tmp_path):
    home = client_home(tmp_path)
    entry = {"command": "node9", "args": ["mcp-gateway", "--upstream", "npx x"]}
    write(home.code_file, {"mcpServers": {"a": entry}})
    write(home.home / ".cursor" / "mcp.json", {"mcpServers": {"b": entry}})
    found = {each.name: (each.standing, each.note) for each in discover(home.place).entries}
    assert found == {"a": (Standing.WRAPPED, "node9"), "b": (Standing.WRAPPED, "node9")}


def test_names_are_plain_lower_case():
    """They are compared with lower-cased words."""
    assert all(name == name.lower() for wrapper in WRAPPERS for name in wrapper.programs)
