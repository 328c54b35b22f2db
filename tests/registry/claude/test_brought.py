from mcpgw.registry.claude.brought import entries_in
from mcpgw.registry.entry import Scope, Transport


def test_servers_become_entries_of_their_file():
    found = entries_in("/p/x.json", {"ü": {"command": "c"}, "bad": 7}, Scope.PLUGIN, prefix="plugin:p:", note="p@m")
    assert [(each.name, each.transport, each.note) for each in found] == [
        ("plugin:p:ü", Transport.STDIO, "p@m"),
        ("plugin:p:bad", Transport.INVALID, "it is not an object"),
    ]
    assert {each.config_file for each in found} == {"/p/x.json"}


def test_nothing_brings_nothing():
    assert entries_in("/p", {}, Scope.AGENT) == ()
