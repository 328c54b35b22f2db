"""A check-up looks at everything that installing rests on; it reads and changes nothing."""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcpgw.files import read_bytes
from mcpgw.installers.change import Change, Outcome
from mcpgw.installers.drift import MENDED_BY_ROUTING, Drift, Drifted, drifted, newcomers, strays
from mcpgw.installers.handiwork import is_ours
from mcpgw.installers.sessions import Session
from mcpgw.installers.surroundings import surroundings
from mcpgw.installers.symptom import Symptom, Weight
from mcpgw.paths import StateLayout
from mcpgw.registry.claude.twins import Twin
from mcpgw.registry.client import Problem
from mcpgw.registry.coverage import obstacle
from mcpgw.registry.discover import Discovery
from mcpgw.registry.entry import Scope
from mcpgw.registry.leaks import Leak
from mcpgw.registry.ledger import Ledger, Step
from mcpgw.registry.source import Change as Reviewable

_MENDS = "`mcpgw doctor --fix` shows the edit and asks."
_SAID = {
    Drift.UNROUTED: "was routed, and starts without the gateway again",
    Drift.REPLACED: "was routed, and another command stands there now, without the gateway",
    Drift.STALE: "is routed through a launcher or under an id that is not the present one",
    Drift.TAKEN_OVER: "was put before a shared server, and was edited, copied or renamed since: it is your own now",
    Drift.EDITED: "is routed, and its command line was changed since: that is kept",
    Drift.GONE: "was routed, and has been deleted: it stays deleted",
    Drift.NEW: "came after the last install and is not routed",
}


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found; `drifted` are the entries behind the symptoms of drift."""

    symptoms: tuple[Symptom, ...]
    drifted: tuple[Drifted, ...]

    @property
    def healthy(self) -> bool:
        return all(each.healthy for each in self.symptoms)

    @property
    def to_route(self) -> tuple[str, ...]:
        """Ids of the entries that mending routes."""
        return tuple(each.entry_id for each in self.drifted if each.drift in MENDED_BY_ROUTING)

    @property
    def to_forget(self) -> tuple[Drifted, ...]:
        return tuple(each for each in self.drifted if each.drift is Drift.GONE)


def drift_of(
    found: Discovery, ledger: Ledger, launcher: str, unreviewed: frozenset[str] = frozenset()
) -> tuple[Drifted, ...]:
    """Every entry that is not as install left it, and those that came since; shadows are a matter of their own.

    unreviewed: ids of shared entries that changed since they were approved; mending leaves those as they are.
    """
    read = {path for path in ledger.files() if _is_known(found, path)}
    readable = frozenset(read) - {problem.path for problem in found.problems}
    free = (each for each in found.entries if obstacle(each) is None and each.entry_id not in ledger.opted_out)
    own = (each for each in found.entries if each.scope is not Scope.PROJECT and not is_ours(each, ledger.installed))
    known = drifted(ledger.installed, found.entries, readable, launcher)
    return (
        *(each for each in known if each.entry_id not in unreviewed),
        *strays(ledger.installed, own, launcher),
        *newcomers(free, ledger.seen),
    )


def _is_known(found: Discovery, path: str) -> bool:
    """Whether it was looked at from here, or is no more; a shared file of another project is neither."""
    return any(each.file.path == path for each in found.readings) or not os.path.lexists(path)


def drift_symptoms(drifted: Iterable[Drifted]) -> Iterator[Symptom]:
    for each in drifted:
        weight = Weight.NOTE if each.drift is Drift.EDITED else Weight.MENDABLE
        next_step = _MENDS if weight is Weight.MENDABLE else "Nothing to do."
        yield Symptom("drift", weight, f"{each.name} ({each.config_file}) {_SAID[each.drift]}", next_step)


def unfinished(steps: Iterable[Step], open_steps: frozenset[int]) -> Iterator[Symptom]:
    """Edits that a crash cut short."""
    for step in steps:
        if step.number in open_steps:
            said = f"an edit of {step.file} was cut short"
            yield Symptom("plan", Weight.MENDABLE, said, "The next install, uninstall or `doctor --fix` settles it.")


def broken_files(problems: Iterable[Problem]) -> Iterator[Symptom]:
    for problem in problems:
        yield Symptom("file", Weight.ACTION, problem.message, problem.next_step)


def old_sessions(sessions: Iterable[Session]) -> Iterator[Symptom]:
    """Clients that run with the servers that they read before the last edit."""
    for session in sessions:
        said = f"{session.client} (pid {session.pid}) was started before the last edit of its servers"
        yield Symptom("session", Weight.ACTION, said, f"Restart {session.client}.")


def shadows_due(due: Iterable[Change]) -> Iterator[Symptom]:
    """Private entries that no longer follow the shared ones which they stand before."""
    for change in due:
        gone = change.outcome is Outcome.UNSHADOW
        why = "no approved shared entry of its name is left" if gone else "the shared entry has changed"
        said = f"the private entry of {change.entry.name} ({change.entry.config_file}) is out of date: {why}"
        yield Symptom("shadow", Weight.MENDABLE, said, _MENDS)


def to_review(changes: Iterable[Reviewable]) -> Iterator[Symptom]:
    """Shared entries that changed since they were approved; their servers are withheld."""
    for change in changes:
        approval = change.approval
        said = f"{approval.name} ({approval.config_file}) is withheld: {change.text}"
        yield Symptom("review", Weight.ACTION, said, f"`mcpgw review show {change.ref}` shows old and new.")


def awake_twins(pairs: Iterable[Twin]) -> Iterator[Symptom]:
    """Routed entries whose plugin's copy runs beside them, without the gateway."""
    for twin in pairs:
        if twin.entry.wrapped is not None:
            said = f"{twin.plugin.name} is the same server as {twin.entry.name}, and runs without the gateway"
            yield Symptom("twin", Weight.ACTION, said, "Switch one of the two off in the client.")


def open_secrets(leaks: Iterable[Leak]) -> Iterator[Symptom]:
    """Files with a literal secret that more people than their owner can read, each once."""
    files = {leak.entry.config_file: leak.exposure for leak in leaks if not leak.exposure.is_private}
    for path, exposure in files.items():
        said = f"{path} holds secrets and can be read by: {exposure.text}"
        yield Symptom(
            "secrets", Weight.ACTION, said, f"Run: chmod 600 {shlex.quote(path)}; `mcpgw scan configs` shows more."
        )


def this_surroundings(layout: StateLayout) -> Iterator[Symptom]:
    """Of the running interpreter and this machine."""
    try:
        mounts = read_bytes("/proc/self/mounts").decode("utf-8", "surrogateescape")
    except OSError:
        mounts = ""  # not Linux
    python = (sys.version_info.major, sys.version_info.minor)
    return surroundings(python, sqlite3.sqlite_version_info, os.path.realpath(layout.root), mounts)
