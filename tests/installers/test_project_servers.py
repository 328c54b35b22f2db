from dataclasses import replace

import pytest

from mcpgw.installers.project_servers import ProjectServers, may_edit, may_route
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.entry import Entry, Scope, Standing, Transport, wrap
from mcpgw.registry.ledger import Ledger, LedgerEntry

SHARED = ConfigFile("claude-code", "/app/.mcp.json", (Container(("mcpServers",), Scope.PROJECT),), editable=False)
ENTRY = Entry("claude-code", Scope.PROJECT, "/app/.mcp.json", None, "team", Transport.STDIO, "npx", (), (), None, "{}")
ROUTED = replace(ENTRY, command="/s/bin/mcpgw", args=wrap(ENTRY.entry_id, "npx", ()))
KNOWN = Ledger(installed=(LedgerEntry(ENTRY.entry_id, "team", "claude-code", "project", None, "/app/.mcp.json"),))


@pytest.mark.parametrize(
    ("mode", "routed"), [(ProjectServers.SKIP, False), (ProjectServers.SHADOW, False), (ProjectServers.EDIT, True)]
)
def test_a_shared_entry_is_routed_in_its_file_only_when_asked_for(mode, routed):
    assert may_route(ENTRY, mode, Ledger()) is routed
    assert may_edit(SHARED, mode, Ledger()) is routed


def test_what_was_edited_in_a_shared_file_stays_in_care():
    assert may_route(ROUTED, ProjectServers.SKIP, KNOWN)
    assert may_edit(SHARED, ProjectServers.SKIP, KNOWN)
    assert not may_route(ROUTED, ProjectServers.SKIP, Ledger())
    assert not may_route(ENTRY, ProjectServers.SKIP, KNOWN)


def test_a_shadow_follows_its_origin_until_its_owner_changes_it():
    shadow = replace(ENTRY, scope=Scope.LOCAL, project_key="/app", args=wrap(ENTRY.entry_id, "npx", (), shadow=True))
    for mode in ProjectServers:
        assert not may_route(shadow, mode, Ledger())
        assert may_route(replace(shadow, misplaced=True), mode, Ledger())


def test_the_approval_in_the_client_is_by_name_so_what_waits_for_it_can_be_edited():
    assert may_route(replace(ENTRY, standing=Standing.PENDING), ProjectServers.EDIT, Ledger())


@pytest.mark.parametrize(
    "other", [replace(ENTRY, standing=Standing.DISABLED), replace(ENTRY, transport=Transport.HTTP, command=None)]
)
def test_what_is_rejected_or_remote_is_not_edited(other):
    assert not may_route(other, ProjectServers.EDIT, Ledger())
