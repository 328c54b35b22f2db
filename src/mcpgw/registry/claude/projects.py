"""What the user's file says of each project, by the project's key; keys are taken as they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcpgw.registry.claude.approvals import KEYS, Approvals, approvals_from, names_in_list
from mcpgw.registry.claude.locations import PROJECT_FILE
from mcpgw.registry.client import Container, Reading
from mcpgw.registry.document import EACH, Document
from mcpgw.registry.entry import Scope

USER_CONTAINERS = (
    Container(("mcpServers",), Scope.USER),
    Container(("projects", EACH, "mcpServers"), Scope.LOCAL, shared_file=PROJECT_FILE),
)
_WANTED = frozenset({"disabledMcpServers", "hasTrustDialogAccepted", *KEYS})  # the rest may be megabytes of history


@dataclass(frozen=True, slots=True)
class Project:
    """switched_off: servers of any scope, by name.  approvals: left there by an older version of the client."""

    trusted: bool = False
    switched_off: frozenset[str] = frozenset()
    approvals: Approvals = field(default_factory=Approvals)


def projects_in(readings: tuple[Reading, ...]) -> dict[str, Project]:
    """Every project that the user's file knows."""
    found: dict[str, Project] = {}
    for document in user_documents(readings):
        for key, node in document.find(("projects", EACH)):
            members = {
                member.key: document.value(member.value) for member in node.members or () if member.key in _WANTED
            }
            found[key or ""] = _project(members)
    return found


def user_documents(readings: tuple[Reading, ...]) -> Iterator[Document]:
    for reading in readings:
        if reading.document is not None and reading.file.containers == USER_CONTAINERS:
            yield reading.document


def _project(members: Mapping[str, Any]) -> Project:
    return Project(
        trusted=members.get("hasTrustDialogAccepted") is True,
        switched_off=names_in_list(members.get("disabledMcpServers")),
        approvals=approvals_from(members),
    )
