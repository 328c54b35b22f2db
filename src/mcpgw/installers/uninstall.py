"""Taking off: our entries are found by what they say themselves, so it works without ledger, state or launcher."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from mcpgw.errors import EnvironmentFault, McpgwError, NotFound, Partial, Refused, UsageFault
from mcpgw.files import read_bytes
from mcpgw.installers.apply import apply_uninstall, sole_installer
from mcpgw.installers.deed import Book, opened
from mcpgw.installers.guard import Tolerance, concerns, require_none, stands_in_the_way
from mcpgw.installers.plan import FilePlan
from mcpgw.installers.rollback import rollback_plan, uninstall_plan
from mcpgw.installers.sessions import Process, running_clients
from mcpgw.installers.trust import forget
from mcpgw.installers.watch import see_them_last
from mcpgw.paths import StateLayout
from mcpgw.registry.client import ConfigFile, Place, Problem, Reading
from mcpgw.registry.discover import CLIENTS, Discovery, discover, find_client
from mcpgw.registry.entry import Entry
from mcpgw.registry.ledger import Ledger, LedgerEntry, append, read_ledger, uninstall_record
from mcpgw.registry.reading import entries_of, read_file
from mcpgw.registry.select import Choice, chosen
from mcpgw.state.instance import InstanceStatus, read_instances

# Everything that mcpgw keeps in its state directory; --purge removes this and nothing else that may lie there.
_KEPT_DIRS = ("rules", "policy", "instances", "limits", "audit", "pins", "trust", "log", "runtime")
_KEPT_FILES = ("config.toml", "ledger.jsonl", "ledger.held", "fingerprint.key")


@dataclass(frozen=True, slots=True)
class UninstallPlan:
    """What taking off would do.

    wanted: the entry ids, None for all.  problems: files that are left out.  vanished: files that are no more.
    running: the clients that may write meanwhile.
    """

    ledger: Ledger
    wanted: frozenset[str] | None
    launcher: str
    files: tuple[FilePlan, ...]
    problems: tuple[Problem, ...]
    vanished: tuple[str, ...]
    running: frozenset[str] = frozenset()

    @property
    def changed(self) -> bool:
        return any(plan.changed for plan in self.files)


def plan_uninstall(
    place: Place, layout: StateLayout, choice: Choice, tolerance: Tolerance, processes: Iterable[Process]
) -> UninstallPlan:
    """Reads everything, changes nothing. Raises McpgwError for the first file that stands in the way."""
    ledger = read_ledger(layout)
    found = discover(place)
    readings = (*found.readings, *_other_readings(place, found, ledger))
    wanted = None if choice == Choice() else _wanted(readings, choice)
    running = tuple(processes)
    plans: list[FilePlan] = []
    problems = _problems(found, readings, choice, ledger)
    for reading in readings:
        if reading.document is None or not (reading.file.editable or reading.file.shared):
            continue
        plan = rollback_plan(reading.file, reading.document, ledger, wanted, layout.launcher)
        problem = stands_in_the_way(plan, running, tolerance)
        if problem is None:
            plans.append(plan)
        else:
            problems.append(problem)
    require_none(problems, tolerance)
    absent = (each.file.path for each in readings if each.document is None and each.problem is None)
    beside = running_clients(CLIENTS, running)
    return UninstallPlan(ledger, wanted, layout.launcher, tuple(plans), tuple(problems), tuple(absent), beside)


def uninstall(layout: StateLayout, plan: UninstallPlan, *, now: float) -> tuple[FilePlan, ...]:
    """Performs the plan. Raises McpgwError; Partial when some files had been done before one failed."""
    if not os.path.isdir(layout.root):
        return _apply_all(None, plan, now)
    with sole_installer(layout):
        return _apply_all(layout, plan, now)


def live_instances(layout: StateLayout) -> tuple[InstanceStatus, ...]:
    """The sessions that stay routed until their client is restarted."""
    return tuple(each for each in read_instances(layout) if each.alive)


def check_purge(layout: StateLayout, choice: Choice) -> None:
    """Raises UsageFault or Refused where the state directory cannot go."""
    if choice != Choice():
        raise UsageFault("--purge removes all state, so it goes with no SERVER and no filter", "Leave one of them out.")
    if live_instances(layout):
        raise Refused(
            "sessions still run through the gateway and need its state directory",
            "Close their clients first, or take it off without --purge.",
        )


def purge(layout: StateLayout) -> None:
    """Removes the state directory, journals and policy too. Raises EnvironmentFault."""
    if not os.path.isdir(layout.root):
        return
    try:
        for name in _KEPT_DIRS:
            path = f"{layout.root}/{name}"
            if os.path.isdir(path):
                shutil.rmtree(path)
        for path in (layout.launcher, layout.rollback_script, *(f"{layout.root}/{name}" for name in _KEPT_FILES)):
            with suppress(FileNotFoundError):
                os.unlink(path)
    except OSError as error:
        raise EnvironmentFault(
            f"{error.filename or layout.root} cannot be removed: {error.strerror}", "Remove it by hand."
        ) from error
    for directory in (layout.bin_dir, layout.root):
        # What does not belong to us stays, and with it the directory.
        with suppress(OSError):
            os.rmdir(directory)


def _wanted(readings: tuple[Reading, ...], choice: Choice) -> frozenset[str]:
    routed = [entry for reading in readings for entry in _entries(reading) if entry.wrapped is not None]
    if not routed:
        raise NotFound("no server is routed", "`mcpgw list` shows every server.")
    return frozenset(entry.entry_id for entry in chosen(routed, choice))


def _entries(reading: Reading) -> tuple[Entry, ...]:
    if reading.document is None or not (reading.file.editable or reading.file.shared):
        return ()
    return tuple(entry for entry, _ in entries_of(reading.file, reading.document))


def _other_readings(place: Place, found: Discovery, ledger: Ledger) -> tuple[Reading, ...]:
    """Files that were edited under another home or config directory, or in another project."""
    known = {reading.file.path for reading in found.readings}
    others = {each.config_file: each for each in ledger.installed if each.config_file not in known}
    return tuple(_other_reading(place, each) for each in others.values())


def _other_reading(place: Place, installed: LedgerEntry) -> Reading:
    path, client = installed.config_file, find_client(installed.client)
    if client is not None:
        return read_file(replace(client.shape_of(place, path, installed.scope), path=path))
    # A version that is newer, or older, wrote it: what shape the file has is not known here.
    file = ConfigFile(installed.client, path, ())
    return Reading(file, problem=_unknown_client(installed) if _may_hold_ours(path) else None)


def _may_hold_ours(path: str) -> bool:
    try:
        return b"--entry" in read_bytes(path)  # every entry of ours says it
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _unknown_client(installed: LedgerEntry) -> Problem:
    return Problem(
        installed.config_file,
        f"{installed.config_file} was edited for {installed.client}, a client that this version does not know",
        "Use the version that installed it, or run bin/mcpgw-rollback (in the state directory) on the file; "
        "--keep-going leaves it out.",
        blocking=True,
    )


def _problems(found: Discovery, readings: tuple[Reading, ...], choice: Choice, ledger: Ledger) -> list[Problem]:
    """What keeps the gateway on; a file that is only read stands in the way where it was edited all the same."""
    broken = [reading.problem for reading in readings if reading.problem is not None]
    in_the_way = [each for each in broken if each.blocking or each.path in ledger.files()]
    return [each for each in in_the_way if concerns(each.path, found, choice)]


def _apply_all(layout: StateLayout | None, plan: UninstallPlan, now: float) -> tuple[FilePlan, ...]:
    book = opened(layout, now=now)
    done: list[FilePlan] = []
    for file_plan in plan.files:
        try:
            done.append(_performed(plan, book, file_plan))
        except McpgwError as error:
            if not any(each.changed for each in done):
                raise
            raise Partial(
                f"{error.message}; files done before it: {sum(each.changed for each in done)}", error.next_step
            ) from error
    if layout is not None:
        _clear(layout, plan, now)
    see_them_last(done, plan.running, partial(_performed, plan, book))
    return tuple(each for each in done if each.changed)


def _rebuilt(file_plan: FilePlan, plan: UninstallPlan, content: bytes) -> FilePlan:
    """The plan anew: it only ever takes ours out, so another state of the file needs no new consent."""
    if content == file_plan.old:
        return file_plan
    if content == file_plan.new:
        return FilePlan(file_plan.file, content, content, (), ())
    return uninstall_plan(file_plan.file, content, plan.ledger, plan.wanted, plan.launcher)


def _performed(plan: UninstallPlan, book: Book, file_plan: FilePlan) -> FilePlan:
    """Performs the file's plan, from what it holds now."""
    return apply_uninstall(book, file_plan, partial(_rebuilt, file_plan, plan))


def _clear(layout: StateLayout, plan: UninstallPlan, now: float) -> None:
    """Clears the ledger of what its owner, not we, had taken out, and forgets what was approved of what is off."""
    looked_at = {*plan.vanished, *(each.file.path for each in plan.files)}
    gone: dict[str, list[str]] = {}
    taken_off = {change.entry.gateway_id for each in plan.files for change in each.changes}
    for each in read_ledger(layout).installed:
        if each.config_file in looked_at and (plan.wanted is None or each.entry_id in plan.wanted):
            gone.setdefault(each.config_file, []).append(each.entry_id)
            taken_off.add(each.gateway_id)
    if gone:
        append(layout, *(uninstall_record(file, entry_ids, at=now) for file, entry_ids in gone.items()))
    forget(layout, taken_off - {each.gateway_id for each in read_ledger(layout).installed})
