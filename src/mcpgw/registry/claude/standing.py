"""What becomes of one entry in one directory, by everything that the client's own files say."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mcpgw.registry.claude.approvals import Approval
from mcpgw.registry.claude.locations import managed_file
from mcpgw.registry.claude.names import reserved
from mcpgw.registry.claude.oauth import has_login, stored_logins
from mcpgw.registry.claude.twins import OWN_SCOPES
from mcpgw.registry.claude.workspace import Workspace, Workspaces, workspaces
from mcpgw.registry.client import Place, Reading
from mcpgw.registry.entry import Entry, Scope, Standing, Transport

# What an administrator, a plugin, a subagent or the account names is not held against the reserved names.
_NAMED_BY_USERS = OWN_SCOPES | {Scope.DYNAMIC}
_REJECTED = "rejected in the client"


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that standings rest on. managed_file: present, it makes the client ignore everything else."""

    spaces: Workspaces
    logins: frozenset[str]
    managed_file: str | None

    def judged(self, entry: Entry, space: Workspace) -> Entry:
        """The entry as a session in that workspace would treat it, other entries aside."""
        if entry.scope in _NAMED_BY_USERS and reserved(entry.name):
            return replace(entry, transport=Transport.INVALID, note="the client keeps this name for itself")
        standing, note = self._standing(entry, space)
        return replace(entry, standing=standing, note=entry.note or note)

    def space_of(self, entry: Entry) -> Workspace:
        """The workspace to which the entry belongs; that of no directory for one that reaches everywhere."""
        match entry.scope:
            case Scope.LOCAL:
                return self.spaces.at(entry.project_key)
            case Scope.PROJECT:
                return self.spaces.at(os.path.dirname(entry.config_file))
            case Scope.PLUGIN:
                return next(self._where_on(entry), self.spaces.at(None))
            case _:
                return self.spaces.at(None)

    def _where_on(self, entry: Entry) -> Iterator[Workspace]:
        """The workspaces in which the plugin is switched on."""
        return (space for space in self.spaces.everywhere() if space.plugin_on(entry.note or ""))

    def _standing(self, entry: Entry, space: Workspace) -> tuple[Standing, str | None]:
        if entry.scope is Scope.MANAGED:
            return Standing.MANAGED, None
        if self.managed_file is not None or (space.plugin_servers_only and entry.scope in OWN_SCOPES):
            return Standing.OVERRULED, None
        listed = space.by_lists(entry)
        if listed is not Standing.ACTIVE:
            return listed, None
        if _is_off(entry, space):
            return Standing.DISABLED, None
        if entry.scope is Scope.PROJECT and entry.name not in space.project.switched_off:
            answer = space.approval(entry.name)
            if answer is Approval.REJECTED:
                return Standing.DISABLED, _REJECTED
            if answer is Approval.PENDING:
                return Standing.PENDING, None
        login = has_login(entry, self.logins, space.place.environ)
        return (Standing.OAUTH if login else Standing.ACTIVE), None


def grounds(place: Place, readings: tuple[Reading, ...]) -> Grounds:
    """Reads what the readings do not hold: settings and logins."""
    spaces, managed = workspaces(place, readings), managed_file(place, "managed-mcp.json")
    present = managed if os.path.exists(managed) else None
    return Grounds(spaces, stored_logins(place, spaces.files), present)


def _is_off(entry: Entry, space: Workspace) -> bool:
    if entry.scope is Scope.PLUGIN and not space.plugin_on(entry.note or ""):
        return True
    if entry.scope is Scope.CONNECTOR and space.connectors_off:
        return True
    return entry.name in space.project.switched_off
