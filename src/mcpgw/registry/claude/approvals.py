"""A shared server starts only after the user's yes to its name; the client asks again for nothing else.

The keys stand in settings files, and in older versions in the user's file, which the client empties on its next start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mcpgw.registry.claude.names import in_tool_names

KEYS = ("enabledMcpjsonServers", "disabledMcpjsonServers", "enableAllProjectMcpServers")


class Approval(StrEnum):
    APPROVED = "approved"
    PENDING = "pending"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Approvals:
    """What one source says of shared servers; `every` is None where it says nothing of all of them at once."""

    approved: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    every: bool | None = None


def approvals_from(value: Mapping[str, Any]) -> Approvals:
    """Reads one source; a value of the wrong kind says nothing."""
    approved, rejected, every = (value.get(key) for key in KEYS)
    return Approvals(_names(approved), _names(rejected), every if isinstance(every, bool) else None)


def approval(name: str, believed: Iterable[Approvals], heard: Iterable[Approvals], *, trusted: bool) -> Approval:
    """The answer for one name.

    believed: the sources whose yes counts, strongest first.  heard: all sources, since a no counts from anywhere, and
    for every name that becomes the same tool name.  In a trusted project the strongest word on all servers at once
    counts, elsewhere any yes among the believed.
    """
    if any(in_tool_names(name) in map(in_tool_names, each.rejected) for each in heard):
        return Approval.REJECTED
    sources = tuple(believed)
    words = [each.every for each in sources if each.every is not None]
    every = words[0] if words and trusted else any(words)
    if every or any(name in each.approved for each in sources):
        return Approval.APPROVED
    return Approval.PENDING


def names_in_list(value: Any) -> frozenset[str]:
    """The strings of a list of server names; nothing for any other value."""
    return frozenset(each for each in value if isinstance(each, str)) if isinstance(value, list) else frozenset()


def _names(value: Any) -> frozenset[str]:
    return frozenset({value}) if isinstance(value, str) else names_in_list(value)
