from dataclasses import replace

import pytest

from mcpgw.registry.claude.precedence import one_of_each_name, one_of_each_server
from mcpgw.registry.entry import Entry, Scope, Standing, Transport, wrap

USER = Entry("claude-code", Scope.USER, "/h/.claude.json", None, "s", Transport.STDIO, "u", (), (), None, "{}")
LOCAL = replace(USER, scope=Scope.LOCAL, project_key="/p")
SHARED = replace(USER, scope=Scope.PROJECT, config_file="/p/.mcp.json")
ABOVE = replace(SHARED, config_file="/.mcp.json")
PLUGIN = replace(USER, scope=Scope.PLUGIN, name="plugin:k:s")


def shown(*entries, approved=True):
    found = one_of_each_name(entries, lambda name: approved)
    return [entry for entry, each in zip(entries, found, strict=True) if each.standing is not Standing.HIDDEN]


@pytest.mark.parametrize(
    ("entries", "winner"),
    [
        ((USER, SHARED, LOCAL), LOCAL),
        ((USER, ABOVE, SHARED), SHARED),
        ((USER, replace(LOCAL, transport=Transport.INVALID)), USER),
        ((USER, replace(LOCAL, standing=Standing.OVERRULED)), USER),
        ((USER, replace(LOCAL, standing=Standing.DENIED)), replace(LOCAL, standing=Standing.DENIED)),
        ((replace(USER, scope=Scope.MANAGED), LOCAL), replace(USER, scope=Scope.MANAGED)),
    ],
)
def test_the_nearest_of_a_name_wins(entries, winner):
    assert winner in shown(*entries)
    assert [
        each
        for each in shown(*entries)
        if each.transport is Transport.STDIO and each.standing is not Standing.OVERRULED
    ] == [winner]


def test_a_shared_server_without_approval_stands_back():
    assert shown(USER, SHARED, approved=False) == [USER]
    assert shown(SHARED, ABOVE, approved=False) == [SHARED]


def test_the_loser_names_the_winner():
    (loser, _) = one_of_each_name([USER, LOCAL], lambda name: True)
    assert loser.note == "local, /h/.claude.json"


@pytest.mark.requirement("install.twin")
def test_a_plugins_copy_sleeps_behind_the_users_own_which_is_a_twin():
    own, plugin = one_of_each_server([USER, PLUGIN], {})
    assert (own.standing, own.note) == (Standing.TWIN, "plugin:k:s")
    assert (plugin.standing, plugin.note) == (Standing.HIDDEN, "s is the same server")


@pytest.mark.parametrize(
    "own",
    [
        replace(USER, command="/s/bin/mcpgw", args=wrap("claude-code:user:s", "u", ())),
        replace(USER, standing=Standing.DISABLED),
        replace(USER, standing=Standing.PENDING),
    ],
)
def test_it_wakes_where_the_users_own_is_routed_or_off(own):
    found, plugin = one_of_each_server([own, PLUGIN], {})
    assert (found.standing, plugin.standing) == (own.standing, Standing.ACTIVE)


def test_one_in_another_project_hides_nothing():
    _, plugin = one_of_each_server([LOCAL, PLUGIN], {}, frozenset({Scope.USER}))
    assert plugin.standing is Standing.ACTIVE
