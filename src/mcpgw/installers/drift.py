"""Drift is a three-way comparison: what was there first, what we wrote, what is there now. Pure.

The person's own later word wins: an edit of a routed entry is no drift to mend, and a deleted one stays deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mcpgw.installers.change import command_of
from mcpgw.installers.handiwork import is_ours
from mcpgw.registry.entry import Command, Entry, names_launcher, unwrap
from mcpgw.registry.ledger import LedgerEntry

# (config file, scope, project key, name): where an entry stands.
Place = tuple[str, str, str | None, str]


class Drift(StrEnum):
    """What became of an entry that was routed, or that nobody has decided on yet."""

    UNROUTED = "unrouted"  # the original stands there again, without the gateway
    REPLACED = "replaced"  # something else stands there, without the gateway
    STALE = "stale"  # routed, through a launcher or under an id that is not the present one
    TAKEN_OVER = "taken-over"  # it was put before a shared one, and its owner edited, copied or renamed it since
    EDITED = "edited"  # routed, and its server's command line was changed since: that is kept
    GONE = "gone"  # deleted; it stays deleted
    NEW = "new"  # came after the last install, and could be routed


# What `doctor --fix` routes again. The others need no edit.
MENDED_BY_ROUTING = frozenset({Drift.UNROUTED, Drift.REPLACED, Drift.STALE, Drift.TAKEN_OVER, Drift.NEW})


@dataclass(frozen=True, slots=True)
class Drifted:
    """One entry that is not as install left it.

    first: its command before the first install, as far as the ledger knows.  written: what install wrote.
    now: what stands there, None where nothing does.  entry: the entry there now.
    """

    drift: Drift
    entry_id: str
    name: str
    client: str
    config_file: str
    first: Command | None
    written: Command | None
    now: Command | None
    entry: Entry | None = None

    @property
    def gateway_id(self) -> str:
        """The id under which its gateway ran, as what was written says."""
        original = unwrap(self.written[1]) if self.written is not None else None
        return self.entry_id if original is None else original.entry_id


def drifted(
    installed: Iterable[LedgerEntry], entries: Iterable[Entry], readable: frozenset[str], launcher: str
) -> tuple[Drifted, ...]:
    """What became of each installed entry, in the ledger's order; those that stand as written are left out.

    readable: the files that were read, or that do not exist. Of a file that could not be read, nothing is said.
    """
    written, present = tuple(installed), {_place_of(entry): entry for entry in entries}
    ours = {place for place, entry in present.items() if is_ours(entry, written)}  # they follow their origins
    kept = (each for each in written if each.config_file in readable and _place_known(each) not in ours)
    found = (_judged(each, present, launcher) for each in kept)
    return tuple(each for each in found if each is not None)


def strays(installed: Iterable[LedgerEntry], entries: Iterable[Entry], launcher: str) -> tuple[Drifted, ...]:
    """Routed entries that the ledger does not know where they stand: renamed, copied, or left by another state.

    entries: those of files that are the person's own, without the shadows that are ours.
    """
    known = {_place_known(each) for each in installed}
    return tuple(
        Drifted(
            _astray(entry),
            entry.entry_id,
            entry.name,
            entry.client,
            entry.config_file,
            None,
            None,
            command_of(entry),
            entry,
        )
        for entry in entries
        if _place_of(entry) not in known and entry.wrapped is not None and not _leads_here(entry, launcher)
    )


def newcomers(routable: Iterable[Entry], seen: frozenset[str] | None) -> tuple[Drifted, ...]:
    """Entries that came after the last install. routable: those without an obstacle."""
    return tuple(
        Drifted(
            Drift.NEW, entry.entry_id, entry.name, entry.client, entry.config_file, None, None, command_of(entry), entry
        )
        for entry in routable
        if seen is not None and entry.entry_id not in seen and entry.wrapped is None
    )


def _judged(known: LedgerEntry, present: Mapping[Place, Entry], launcher: str) -> Drifted | None:
    entry = present.get(_place_known(known))
    drift = Drift.GONE if entry is None else _drift(known, entry, launcher)
    if drift is None:
        return None
    now = None if entry is None else command_of(entry)
    return Drifted(
        drift, known.entry_id, known.name, known.client, known.config_file, known.before, known.after, now, entry
    )


def _drift(known: LedgerEntry, entry: Entry, launcher: str) -> Drift | None:
    original = entry.wrapped
    if original is None:
        return Drift.UNROUTED if known.before == command_of(entry) else Drift.REPLACED
    if not _leads_here(entry, launcher):
        return _astray(entry)
    return None if known.after in (None, command_of(entry)) else Drift.EDITED


def _leads_here(entry: Entry, launcher: str) -> bool:
    """Whether a routed entry starts this launcher under its own id."""
    original = entry.wrapped
    return original is not None and names_launcher(entry.command, launcher) and original.entry_id == entry.entry_id


def _astray(entry: Entry) -> Drift:
    """Why a routed entry does not lead here."""
    return Drift.TAKEN_OVER if entry.wrapped is not None and entry.wrapped.shadow else Drift.STALE


def _place_known(known: LedgerEntry) -> Place:
    return (known.config_file, known.scope, known.project, known.name)


def _place_of(entry: Entry) -> Place:
    return (entry.config_file, str(entry.scope), entry.project_key, entry.name)
