from dataclasses import replace

import pytest

from mcpgw.registry.claude.twins import endpoint, twins
from mcpgw.registry.entry import Entry, Scope, Standing, Transport, wrap

OWN = Entry("claude-code", Scope.USER, "/f", None, "fs", Transport.STDIO, "npx", ("${D}/x",), (), None, "{}")
ROUTED = replace(OWN, command="/s/bin/mcpgw", args=wrap(OWN.entry_id, "npx", ["${D}/x"]))
PLUGIN = replace(OWN, scope=Scope.PLUGIN, name="plugin:kit:fs", args=("/d/x",))
ENVIRON = {"D": "/d"}


@pytest.mark.requirement("list.twin-of-routed")
@pytest.mark.parametrize("own", [OWN, ROUTED, replace(OWN, scope=Scope.LOCAL)])
def test_the_same_command_is_the_same_server_routed_or_not(own):
    (twin,) = twins([own, PLUGIN], ENVIRON)
    assert (twin.entry, twin.plugin) == (own, PLUGIN)


@pytest.mark.parametrize(
    "plugin",
    [
        replace(PLUGIN, args=("/other",)),
        replace(PLUGIN, standing=Standing.DISABLED),
        replace(PLUGIN, standing=Standing.DENIED),
        replace(PLUGIN, transport=Transport.INVALID),
        replace(PLUGIN, scope=Scope.AGENT),
    ],
)
def test_others_are_no_twins(plugin):
    assert twins([OWN, plugin], ENVIRON) == ()


def test_remote_servers_are_the_same_by_url():
    remote = replace(OWN, transport=Transport.HTTP, command=None, args=None, url="https://${D}")
    assert endpoint(remote, {"D": "x"}) == ("", "https://x")
    assert endpoint(replace(remote, url=None), {}) is None
