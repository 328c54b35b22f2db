"""Connectors live in the user's account; on the disk are only the names of those that have connected before."""

from __future__ import annotations

from dataclasses import replace

from mcpgw.registry.claude.approvals import names_in_list
from mcpgw.registry.claude.brought import entries_in
from mcpgw.registry.claude.projects import user_documents
from mcpgw.registry.client import Reading
from mcpgw.registry.entry import Entry, Scope

_SEEN = "claudeAiMcpEverConnected"
_ACCOUNT = "oauthAccount"


def connector_entries(readings: tuple[Reading, ...]) -> tuple[Entry, ...]:
    """The connectors that the client remembers; their addresses are known to the account alone."""
    found: list[Entry] = []
    for document in user_documents(readings):
        member = document.root.member(_SEEN)
        names = sorted(names_in_list(document.value(member.value))) if member else ()
        servers = {name: {"type": "http", "url": ""} for name in names}
        found += entries_in(document.path, servers, Scope.CONNECTOR)
    return tuple(replace(entry, url=None) for entry in found)


def unseen_connectors(readings: tuple[Reading, ...]) -> str | None:
    """What to tell of the connectors that cannot be listed; None where no account is logged in."""
    if not any(document.root.member(_ACCOUNT) for document in user_documents(readings)):
        return None
    return "Connectors of your claude.ai account are listed only once they have connected here."
