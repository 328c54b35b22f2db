"""A private entry of the same name wins over a shared one and needs no approval, so only an approved one gets one.

The client keeps private entries by project; so one stands where the shared one would start, and nowhere else: in each
known project at or below the directory of the shared file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from mcpgw.registry.claude.git import git_root
from mcpgw.registry.claude.projects import user_documents
from mcpgw.registry.claude.standing import grounds
from mcpgw.registry.client import Place, Reading, Spot
from mcpgw.registry.document import EACH
from mcpgw.registry.entry import Entry, Scope, Standing, Transport


def spots(place: Place, readings: tuple[Reading, ...], entries: tuple[Entry, ...]) -> tuple[Spot, ...]:
    """Every place where an approved shared stdio server of a known project could be shadowed, or is."""
    base = grounds(place, readings)
    shared = [entry for entry in entries if entry.scope is Scope.PROJECT]
    return tuple(
        Spot(entry, file, project)
        for file, project in _projects(readings)
        for entry in _nearest(shared, project)
        if _shadowable(entry, entries, project)
        and base.judged(entry, base.spaces.at(project)).standing is Standing.ACTIVE
    )


def _projects(readings: tuple[Reading, ...]) -> Iterator[tuple[str, str]]:
    """The user's file and the key of each project in it, where the client would look that key up."""
    for document in user_documents(readings):
        for key, _ in document.find(("projects", EACH)):
            if key is not None and os.path.isdir(key) and git_root(key) == key:
                yield document.path, key


def _nearest(shared: Iterable[Entry], project: str) -> tuple[Entry, ...]:
    """Of each name the entry that a session in `project` would take: the file deepest down wins."""
    above = [entry for entry in shared if _reaches(os.path.dirname(entry.config_file), project)]
    return tuple({entry.name: entry for entry in sorted(above, key=lambda each: len(each.config_file))}.values())


def _reaches(directory: str, project: str) -> bool:
    return project == directory or project.startswith(directory.rstrip(os.sep) + os.sep)


def _shadowable(entry: Entry, entries: Iterable[Entry], project: str) -> bool:
    """Whether it is a plain stdio server, and no private entry of the user's own has its name here."""
    if entry.transport is not Transport.STDIO or entry.wrapped is not None or entry.standing is Standing.WRAPPED:
        return False
    private = (each for each in entries if each.scope is Scope.LOCAL and each.project_key == project)
    return not any(each.name == entry.name and not each.is_shadow for each in private)
