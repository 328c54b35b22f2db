"""A shadow is a private entry before a shared one of the same name, so that the shared file need not be edited. Pure.

It is added and taken out whole, and says of itself what it is: its args carry `--shadow` and the id of its origin.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mcpgw.installers.change import Change, Outcome, command_of
from mcpgw.installers.edits import Edit, apply_edits
from mcpgw.installers.handiwork import containers_made, digest_of_entry, is_ours
from mcpgw.installers.layout import indent_of, indented
from mcpgw.installers.members import insert_members, remove_member, remove_members
from mcpgw.installers.spans import wrap_edits
from mcpgw.registry.client import ConfigFile
from mcpgw.registry.document import EACH, Document, Node
from mcpgw.registry.entry import Entry, Scope, Standing, wrap
from mcpgw.registry.ledger import LedgerEntry

# (project key, name): where a shadow stands in its file.
Key = tuple[str, str]
Placed = Sequence[tuple[Entry, Node]]
_PROJECTS = ("projects", EACH)
_SERVERS = "mcpServers"


@dataclass(frozen=True, slots=True)
class Shadow:
    """The private entry that is to stand before `origin`; value: its JSON text."""

    project_key: str
    origin: Entry
    entry: Entry
    value: bytes

    @property
    def key(self) -> Key:
        return (self.project_key, self.origin.name)


@dataclass(frozen=True, slots=True)
class Shadows:
    """What install knows of the shadows of one file.

    valid: each that may stand, by its place; one that is not among them is taken out.  wanted: those to add.
    untold: places of those whose origin's file cannot be read, so that nothing says whether they may stand: they stay.
    unreviewed: ids of origins that changed since they were approved; their shadows stay as they are until reviewed.
    installed: what the ledger says was written; a shadow that says something else is its owner's and no shadow to us.
    """

    valid: Mapping[Key, Shadow] = field(default_factory=dict)
    wanted: frozenset[Key] = frozenset()
    unreviewed: frozenset[str] = frozenset()
    untold: frozenset[Key] = frozenset()
    installed: tuple[LedgerEntry, ...] = ()


def shadow_of(
    document: Document, node: Node, origin: Entry, file: ConfigFile, project_key: str, launcher: str
) -> Shadow:
    """The routed copy of the shared entry at `node`, with all its other keys."""
    text = document.raw(node)
    edits = wrap_edits(document, node, origin.entry_id, launcher, shadow=True)
    inside = (Edit(each.start - node.start, each.end - node.start, each.text) for each in edits)
    entry = replace(
        origin,
        scope=Scope.LOCAL,
        config_file=file.path,
        project_key=project_key,
        command=launcher,
        args=wrap(origin.entry_id, origin.command or "", origin.args, shadow=True),
        standing=Standing.ACTIVE,
    )
    return Shadow(project_key, origin, entry, apply_edits(text, inside))


def shadow_changes(
    file: ConfigFile, document: Document, placed: Placed, shadows: Shadows
) -> tuple[tuple[Edit, ...], tuple[Change, ...]]:
    """Takes out the shadows that may no longer stand, renews what differs, adds what is wanted."""
    made = containers_made(file.path, shadows.installed)
    standing = {
        (entry.project_key or "", entry.name): (entry, node)
        for entry, node in placed
        if is_ours(entry, shadows.installed)
    }
    gone = {key: each for key, each in standing.items() if key not in {*shadows.valid, *shadows.untold}}
    taken = {(entry.project_key or "", entry.name) for entry, _ in placed}
    there = {key for key, _ in document.find(_PROJECTS)}  # a project may be gone since the plan was shown
    added = [shadows.valid[key] for key in sorted(shadows.wanted - taken) if key[0] in there]
    renewed = tuple(_renewed(document, standing, shadows, made))
    edits = (
        *(edit for edit, _ in renewed),
        *_member_edits(file, document, [node for _, node in gone.values()], added, made),
    )
    changes = (
        *(change for _, change in renewed),
        *(Change(entry, Outcome.UNSHADOW, command_of(entry), None, node.start) for entry, node in gone.values()),
        *(_added(document, each, made) for each in added),
    )
    return edits, changes


def unshadowing(
    file: ConfigFile, document: Document, nodes: Iterable[Node], made: Collection[str | None]
) -> tuple[Edit, ...]:
    """Takes whole entries out of their containers, and containers that mcpgw `made` (by project) with the last one."""
    return tuple(_member_edits(file, document, nodes, (), made))


def _added(document: Document, shadow: Shadow, made: Collection[str | None]) -> Change:
    """At its project's place in the file."""
    project = _project(document, shadow.project_key)
    words = command_of(shadow.entry)
    return Change(
        shadow.entry,
        Outcome.SHADOW,
        None,
        words,
        project.start,
        shadow.value,
        shadow.origin,
        container=shadow.project_key in made or project.member(_SERVERS) is None,
    )


def _project(document: Document, key: str | None) -> Node:
    return next(node for found, node in document.find(_PROJECTS) if found == key)


def _renewed(
    document: Document,
    standing: Mapping[Key, tuple[Entry, Node]],
    shadows: Shadows,
    made: Collection[str | None],
) -> Iterator[tuple[Edit, Change]]:
    for key, (entry, node) in standing.items():
        right = shadows.valid.get(key)
        if right is None or right.origin.entry_id in shadows.unreviewed or _same(document, node, right.value):
            continue
        before, after = command_of(entry), command_of(right.entry)
        change = Change(
            entry, Outcome.RENEW, before, after, node.start, right.value, right.origin, container=key[0] in made
        )
        yield Edit(node.start, node.end, _laid_out(document, node, right.value)), change


def _laid_out(document: Document, node: Node, value: bytes) -> bytes:
    """`value` in the place of `node`: at its depth, or on one line as it is."""
    space = b"\n" + indent_of(document, node.start) if b"\n" in document.raw(node) else b""
    return indented(value, space)


def _same(document: Document, node: Node, value: bytes) -> bool:
    """Equal values, however they are laid out."""
    return digest_of_entry(document.raw(node)) == digest_of_entry(value)


def _member_edits(
    file: ConfigFile,
    document: Document,
    removed: Iterable[Node],
    added: Iterable[Shadow],
    made: Collection[str | None],
) -> Iterator[Edit]:
    starts = {node.start for node in removed}
    new: dict[str | None, dict[str, bytes]] = defaultdict(dict)
    for each in added:
        new[each.project_key][each.origin.name] = each.value
    for container in file.containers:
        for key, servers in document.find(container.path):
            local = container.scope is Scope.LOCAL
            additions = new.pop(key, {}) if local else {}
            if local and key in made and not additions and _holds_only(document, servers, starts):
                yield from _without_container(document, _project(document, key))
            else:
                yield from _changed_container(document, servers, starts, additions)
    for key, project in document.find(_PROJECTS):
        if new[key]:
            yield from _new_container(document, project, _object(new[key]))


def _new_container(document: Document, project: Node, value: bytes) -> tuple[Edit, ...]:
    """In a project without one, or in the place of a `null`, which is none."""
    null = project.member(_SERVERS)
    if null is None:
        return insert_members(document, project, {_SERVERS: value})
    return (Edit(null.value.start, null.value.end, _laid_out(document, project, value)),)


def _without_container(document: Document, project: Node) -> tuple[Edit, ...]:
    """Takes the whole member out."""
    member = project.member(_SERVERS)
    return () if member is None else remove_member(document, project, member)


def _holds_only(document: Document, servers: Node, starts: Collection[int]) -> bool:
    """Whether nothing is in it but these entries; a comment would be its owner's."""
    members = servers.members or ()
    bare = document.bare(servers.start, servers.end) == document.raw(servers)
    return bare and bool(members) and all(member.value.start in starts for member in members)


def _changed_container(
    document: Document, servers: Node, starts: Collection[int], added: Mapping[str, bytes]
) -> tuple[Edit, ...]:
    gone = [member for member in servers.members or () if member.value.start in starts]
    if added and gone and len(gone) == len(servers.members or ()):
        # Nothing stays that the new members could be laid out like.
        return (Edit(servers.start, servers.end, _laid_out(document, servers, _object(added))),)
    out = remove_members(document, servers, gone) if gone else ()
    return (*out, *(insert_members(document, servers, added) if added else ()))


def _object(members: Mapping[str, bytes]) -> bytes:
    """A container that was not there before; it is indented where it is inserted."""
    written = (
        b"\n  " + json.dumps(name).encode() + b": " + indented(value, b"\n  ") for name, value in members.items()
    )
    return b"{" + b",".join(written) + b"\n}"
