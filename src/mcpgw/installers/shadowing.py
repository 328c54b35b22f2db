"""From what the clients say to what the plan needs: which shadows may stand in a file, and which are to be added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcpgw.installers.change import Change, Outcome
from mcpgw.installers.plan import FilePlan, install_plan
from mcpgw.installers.shadows import Key, Shadow, Shadows, shadow_of
from mcpgw.installers.trust import ProjectEntry
from mcpgw.registry.client import ConfigFile, Spot
from mcpgw.registry.discover import Discovery
from mcpgw.registry.document import Document
from mcpgw.registry.entry import Entry, Scope, entry_id
from mcpgw.registry.ledger import LedgerEntry
from mcpgw.registry.reading import entries_of

# What becomes of a shadow that is one no longer.
_ENDS = frozenset({Outcome.UNSHADOW, Outcome.REPOINT})


@dataclass(frozen=True, slots=True)
class Footing:
    """What shadows are planned from.

    installed: as the ledger has it.  unreviewed: ids of shared entries that changed since they were approved.
    """

    found: Discovery
    installed: tuple[LedgerEntry, ...]
    unreviewed: frozenset[str]
    launcher: str


def shadows_for(file: ConfigFile, footing: Footing, wanted: frozenset[str]) -> Shadows:
    """wanted: ids of the shared entries to shadow."""
    found, unreviewed = footing.found, footing.unreviewed
    spots = [spot for spot in found.spots if spot.file == file.path]
    valid = {each.key: each for spot in spots for each in _shadow(found, spot, file, footing.launcher)}
    added = frozenset(key for key, each in valid.items() if each.origin.entry_id in wanted - unreviewed)
    return Shadows(valid, added, unreviewed, frozenset(_untold(found, file)), footing.installed)


def offered(found: Discovery) -> tuple[Entry, ...]:
    """The approved shared entries that have no shadow yet, each once."""
    standing: set[tuple[str, Key]] = {
        (entry.config_file, (entry.project_key or "", entry.name)) for entry in found.entries if entry.is_shadow
    }
    free = (spot for spot in found.spots if (spot.file, (spot.project_key, spot.origin.name)) not in standing)
    return tuple({spot.origin.entry_id: spot.origin for spot in free}.values())


def shadows_out_of_step(footing: Footing) -> Iterator[Change]:
    """What the next install would do to the shadows that are there."""
    files = {entry.config_file for entry in footing.found.entries if entry.is_shadow}
    for reading in footing.found.readings:
        if reading.document is not None and reading.file.path in files and reading.file.editable:
            shadows = shadows_for(reading.file, footing, frozenset())
            content = reading.document.content
            yield from install_plan(reading.file, content, frozenset(), footing.launcher, shadows).changes


def to_approve(plans: Iterable[FilePlan], found: Discovery) -> Iterator[ProjectEntry]:
    """What a person approves by agreeing to these plans: each shared entry that they route or shadow.

    A shadow that is renewed follows what was approved before.
    """
    for change in (change for plan in plans for change in plan.changes):
        if change.outcome is Outcome.SHADOW and change.origin is not None:
            yield project_entry(found, change.origin, "shadow")
        elif change.outcome is Outcome.ROUTE and change.entry.scope is Scope.PROJECT:
            yield project_entry(found, change.entry, "edit")


def unshadowed(plans: Iterable[FilePlan], found: Discovery) -> frozenset[str]:
    """Ids of the shared entries that have no shadow left when the plans are done."""
    removed = {
        (change.entry.config_file, change.entry.entry_id)
        for plan in plans
        for change in plan.changes
        if change.outcome in _ENDS
    }
    shadows = [entry for entry in found.entries if entry.is_shadow]
    left = {entry.gateway_id for entry in shadows if (entry.config_file, entry.entry_id) not in removed}
    return frozenset(entry.gateway_id for entry in shadows) - left


def _untold(found: Discovery, file: ConfigFile) -> Iterator[Key]:
    broken = [reading.file for reading in found.readings if reading.problem is not None]
    for entry in found.entries:
        if entry.is_shadow and entry.config_file == file.path:
            origins = (entry_id(each.client, Scope.PROJECT, entry.name, each.path, None) for each in broken)
            if entry.gateway_id in origins:
                yield (entry.project_key or "", entry.name)


def project_entry(found: Discovery, entry: Entry, kind: str) -> ProjectEntry:
    """A shared entry as a person approves it: what stands in the file, routed or not."""
    source, _ = _source_of(found, entry)
    container = next(each for each in source.containers if each.scope is Scope.PROJECT)
    command, *args = entry.original_argv
    wrapped = entry.wrapped
    return ProjectEntry(
        entry_id=entry.entry_id if wrapped is None else wrapped.entry_id,
        config_file=entry.config_file,
        container=tuple(part or "" for part in container.path),
        name=entry.name,
        syntax=source.syntax,
        kind=kind,
        command=command,
        args=tuple(args),
        env_keys=entry.env_keys,
        project=_tree_of(entry.config_file),
    )


def _tree_of(config_file: str) -> str:
    """The project's directory: the one of the file, or above the client's own folder (`.cursor`) in it."""
    directory, _, name = config_file.rpartition("/")[0].rpartition("/")
    return directory if name.startswith(".") else f"{directory}/{name}"


def _shadow(found: Discovery, spot: Spot, file: ConfigFile, launcher: str) -> Iterator[Shadow]:
    source, document = _source_of(found, spot.origin)
    for entry, node in entries_of(source, document):
        if entry.entry_id == spot.origin.entry_id:
            yield shadow_of(document, node, spot.origin, file, spot.project_key, launcher)


def _source_of(found: Discovery, entry: Entry) -> tuple[ConfigFile, Document]:
    """The file that the entry comes from."""
    return next(
        (each.file, each.document)
        for each in found.readings
        if each.document is not None and (each.file.client, each.file.path) == (entry.client, entry.config_file)
    )
