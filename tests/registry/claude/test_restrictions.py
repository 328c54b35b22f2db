import pytest

from mcpgw.registry.claude.restrictions import expand, lists_from, standing_by_lists
from mcpgw.registry.entry import Entry, Scope, Standing, Transport, wrap

ENVIRON = {"HOME": "/h", "EMPTY": ""}


def stdio(name="fs", command="npx", args=("-y", "fs")):
    return Entry("claude-code", Scope.USER, "/f", None, name, Transport.STDIO, command, args, (), None, "{}")


def remote(url="https://mcp.x.dev/mcp", name="r"):
    return Entry("claude-code", Scope.USER, "/f", None, name, Transport.HTTP, None, None, (), url, "{}")


def standing(entry, managed=None, **lists):
    return standing_by_lists(entry, [lists_from(managed or {})], [lists_from(lists)], ENVIRON)


def test_without_lists_everything_is_allowed():
    assert standing(stdio()) is Standing.ACTIVE


@pytest.mark.parametrize(
    "rule",
    [{"serverName": "fs"}, {"serverCommand": ["npx", "-y", "fs"]}, {"serverCommand": ["npx", "-y", "fs"], "x": 1}],
)
def test_a_deny_rule_denies(rule):
    assert standing(stdio(), deniedMcpServers=[rule]) is Standing.DENIED


@pytest.mark.requirement("install.client-deny-list")
def test_a_deny_rule_on_the_command_denies_the_routed_entry_too():
    routed = stdio(command="/s/bin/mcpgw", args=wrap("claude-code:user:fs", "npx", ["-y", "fs"]))
    assert standing(routed, deniedMcpServers=[{"serverCommand": ["npx", "-y", "fs"]}]) is Standing.DENIED


def test_a_deny_rule_is_held_against_the_expanded_command():
    entry = stdio(args=("${HOME}/x", "${NONE:-d}"))
    assert standing(entry, deniedMcpServers=[{"serverCommand": ["npx", "/h/x", "d"]}]) is Standing.DENIED


def test_urls_match_with_wildcards():
    assert standing(remote(), deniedMcpServers=[{"serverUrl": "https://*.x.dev/*"}]) is Standing.DENIED
    assert standing(remote(), deniedMcpServers=[{"serverUrl": "https://y/*"}]) is Standing.ACTIVE


def test_an_allow_list_forbids_what_it_does_not_name():
    assert standing(stdio(), allowedMcpServers=[{"serverName": "other"}]) is Standing.DENIED
    assert standing(stdio(), allowedMcpServers=[{"serverName": "fs"}]) is Standing.ACTIVE
    assert standing(stdio(), allowedMcpServers=[]) is Standing.DENIED


def test_what_is_allowed_by_its_exact_command_would_vanish_if_routed():
    rules = [{"serverCommand": ["npx", "-y", "fs"]}, {"serverName": "git"}]
    assert standing(stdio(), allowedMcpServers=rules) is Standing.BY_COMMAND
    # With one rule on commands, a name no longer counts for stdio.
    assert standing(stdio(name="git", args=()), allowedMcpServers=rules) is Standing.DENIED


def test_names_do_not_count_for_remote_servers_beside_a_rule_on_urls():
    rules = [{"serverUrl": "https://*.x.dev/*"}, {"serverName": "r"}]
    assert standing(remote(), allowedMcpServers=rules) is Standing.ACTIVE
    assert standing(remote("https://y/"), allowedMcpServers=rules) is Standing.DENIED
    assert standing(remote("https://y/"), allowedMcpServers=rules[1:]) is Standing.ACTIVE


def test_a_denied_url_is_denied_with_any_query_and_last_slash():
    for url in ("https://y/mcp?token=1", "https://y/mcp/", "https://y/mcp"):
        assert standing(remote(url), deniedMcpServers=[{"serverUrl": "https://y/mcp"}]) is Standing.DENIED
    assert (
        standing(remote("https://y/mcp?a=1"), deniedMcpServers=[{"serverUrl": "https://y/mcp?b=?"}]) is Standing.ACTIVE
    )


def test_rules_are_expanded_too():
    assert (
        standing(stdio(args=("/h/x",)), deniedMcpServers=[{"serverCommand": ["npx", "${HOME}/x"]}]) is Standing.DENIED
    )


def test_only_managed_lists_count_where_the_managed_file_says_so():
    managed = {"allowManagedMcpServersOnly": True, "allowedMcpServers": [{"serverName": "git"}]}
    assert standing(stdio(), managed, allowedMcpServers=[{"serverName": "fs"}]) is Standing.DENIED
    assert standing(stdio(name="git"), managed) is Standing.ACTIVE


def test_odd_rules_are_left_out():
    lists = lists_from({"deniedMcpServers": [1, {}, {"serverCommand": [1]}, {"serverUrl": "u"}]})
    assert len(lists.denied) == 1
    assert lists_from({"deniedMcpServers": "x"}).denied == ()


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${HOME}/a", "/h/a"),
        ("pre${HOME}post", "pre/hpost"),
        ("${NONE}", "${NONE}"),
        ("${NONE:-d}", "d"),
        ("${EMPTY:-d}", ""),
        ("$HOME ${HOME-d} ${HOME:+x}", "$HOME ${HOME-d} ${HOME:+x}"),
        ("$${HOME}", "$/h"),
    ],
)
def test_expansion_as_the_client_does_it(text, expanded):
    assert expand(text, ENVIRON) == expanded
