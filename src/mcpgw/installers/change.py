"""What becomes of one entry: the words of every plan. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mcpgw.registry.entry import Command, Entry


class Outcome(StrEnum):
    """What becomes of an entry."""

    ROUTE = "route"
    REPOINT = "repoint"  # routed, but through another launcher or under another id
    UNWRAP = "unwrap"
    SHADOW = "shadow"  # a private entry is put before a shared one
    RENEW = "renew"  # a shadow follows its origin
    UNSHADOW = "unshadow"  # a shadow is taken out


@dataclass(frozen=True, slots=True)
class Change:
    """One entry before and after; None where there is none.

    offset: of its first byte in the old file.  value: the whole text of an entry that is added or replaced.
    origin: the shared entry that a shadow stands before.  container: mcpgw makes, or made, the object that holds it.
    """

    entry: Entry
    outcome: Outcome
    before: Command | None
    after: Command | None
    offset: int
    value: bytes | None = None
    origin: Entry | None = None
    container: bool = False


def command_of(entry: Entry) -> Command:
    """What a stdio entry starts."""
    return (entry.command or "", entry.args)
