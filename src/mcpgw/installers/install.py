"""Installing: everything is planned and checked first; then launcher, policy and entries, in that order.

So no client can ever start a routed entry that has no launcher or no policy.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from mcpgw.config.compile import compile_policy, database_ahead
from mcpgw.errors import EnvironmentFault, McpgwError, Partial, UsageFault
from mcpgw.files import make_private_dir, read_bytes, write_atomic
from mcpgw.installers.apply import apply_install, sole_installer
from mcpgw.installers.deed import Book, opened
from mcpgw.installers.guard import Tolerance, concerns, require_none, stands_in_the_way
from mcpgw.installers.launcher import ensure_launcher
from mcpgw.installers.plan import FilePlan, document_plan, install_plan
from mcpgw.installers.project_servers import ProjectServers, may_edit, may_route
from mcpgw.installers.recovery import recover
from mcpgw.installers.sessions import Process, running_clients
from mcpgw.installers.shadowing import Footing, shadows_for, to_approve, unshadowed
from mcpgw.installers.shadows import Shadows
from mcpgw.installers.trust import forget, stale
from mcpgw.installers.watch import see_them_last
from mcpgw.paths import StateLayout
from mcpgw.registry.client import ConfigFile, Place, Problem
from mcpgw.registry.discover import CLIENTS, Discovery, discover
from mcpgw.registry.ledger import Ledger, append, choice_record, install_record, read_ledger
from mcpgw.registry.select import Choice, chosen, excepted

_OBSERVE = b'# Written by `mcpgw install --observe`: everything is recorded, nothing is blocked.\nprofile = "observe"\n'


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """What installing would do.

    opted_out: the entries that stay left out from now on.  problems: files that are left out, with `keep_going` only.
    running: the clients that may write meanwhile.  shadows: by file.  unreviewed: ids of shared entries that changed
    since they were approved; nothing becomes of them before they are reviewed.
    """

    discovery: Discovery
    wanted: frozenset[str]
    opted_out: frozenset[str]
    shadows: Mapping[str, Shadows]
    unreviewed: frozenset[str]
    files: tuple[FilePlan, ...]
    problems: tuple[Problem, ...]
    running: frozenset[str] = frozenset()

    @property
    def changed(self) -> bool:
        return any(plan.changed for plan in self.files)


@dataclass(frozen=True, slots=True)
class Installed:
    """What installing did."""

    files: tuple[FilePlan, ...]
    launcher_written: bool
    warnings: tuple[str, ...]


def settle(layout: StateLayout, *, now: float) -> tuple[str, ...]:
    """Completes or undoes what a crash cut short, before anything is planned; the files it concerned."""
    if not os.path.isdir(layout.root):
        return ()
    with sole_installer(layout):
        return recover(layout, now=now)


def plan_install(
    place: Place,
    layout: StateLayout,
    choice: Choice,
    tolerance: Tolerance,
    processes: Iterable[Process],
    project_servers: ProjectServers = ProjectServers.SKIP,
) -> InstallPlan:
    """Reads everything, changes nothing. Raises McpgwError for the first file that stands in the way."""
    found, ledger = discover(place), read_ledger(layout)
    opted_out = _opted_out(found, ledger, choice)
    unreviewed = frozenset(change.approval.entry_id for change in stale(layout))
    picked = [entry for entry in chosen(found.entries, choice) if entry.entry_id not in opted_out | unreviewed]
    wanted = frozenset(entry.entry_id for entry in picked if may_route(entry, project_servers, ledger))
    shadowed = frozenset(entry.entry_id for entry in picked if project_servers is ProjectServers.SHADOW)
    footing = Footing(found, ledger.installed, unreviewed, layout.launcher)
    shadows: dict[str, Shadows] = {}
    plans: list[FilePlan] = []
    problems = [each for each in found.problems if each.blocking and concerns(each.path, found, choice)]
    running = tuple(processes)
    for reading in found.readings:
        if reading.document is None or not may_edit(reading.file, project_servers, ledger):
            continue
        if _keeps_shadows(reading.file, choice, project_servers):
            shadows[reading.file.path] = shadows_for(reading.file, footing, shadowed)
        kept = shadows.get(reading.file.path)
        plan = document_plan(reading.file, reading.document, wanted, layout.launcher, kept)
        problem = stands_in_the_way(plan, running, tolerance)
        if problem is None:
            plans.append(plan)
        else:
            problems.append(problem)
    require_none(problems, tolerance)
    beside = running_clients(CLIENTS, running)
    return InstallPlan(found, wanted, opted_out, shadows, unreviewed, tuple(plans), tuple(problems), beside)


def install(layout: StateLayout, plan: InstallPlan, *, observe: bool, now: float) -> Installed:
    """Performs the plan. Raises McpgwError; Partial when some files had been routed before one failed."""
    make_state_dir(layout)
    with sole_installer(layout):
        if observe:
            write_observe(layout)
        ahead = database_ahead(layout)
        launcher_written = ensure_launcher(layout)
        # Before the first edit: a policy that does not compile must not leave routed entries without one.
        warnings = compile_policy(layout, ahead=ahead).warnings
        book = opened(layout, now=now)
        done = _settled_if_it_fails(layout, plan, book)
        forget(layout, unshadowed(done, plan.discovery))
        remember(layout, plan, now)
        compile_policy(layout)
        see_them_last(done, plan.running, partial(_performed, layout, plan, book))
    return Installed(done, launcher_written, warnings)


def write_observe(layout: StateLayout) -> None:
    """Sets the observe profile where there is no config yet; an existing one is the user's."""
    if not os.path.lexists(layout.config_file):
        write_atomic(layout.config_file, _OBSERVE)


def observe_conflict(layout: StateLayout) -> str | None:
    """What to tell a user who asked for observe but whose config says otherwise; None when it does not."""
    try:
        config = tomllib.loads(read_bytes(layout.config_file).decode())
    except (OSError, ValueError):
        # Absent, or broken: the policy compiler says so with file and line.
        return None
    if config.get("profile") == "observe":
        return None
    return f'{layout.config_file} exists and was left alone; set profile = "observe" in it to observe only'


def make_state_dir(layout: StateLayout) -> None:
    try:
        make_private_dir(layout.root)
    except OSError as error:
        raise EnvironmentFault(
            f"the state directory {layout.root} cannot be made: {error.strerror}",
            "Give the right to write there, or set MCPGW_HOME to another directory.",
        ) from error


def _settled_if_it_fails(layout: StateLayout, plan: InstallPlan, book: Book) -> tuple[FilePlan, ...]:
    """An edit that is left open is looked at already here, so that nothing stays approved by one that failed."""
    try:
        return _apply_all(layout, plan, book)
    except McpgwError:
        with suppress(McpgwError):
            recover(layout, now=book.now)
        raise


def _apply_all(layout: StateLayout, plan: InstallPlan, book: Book) -> tuple[FilePlan, ...]:
    done: list[FilePlan] = []
    for file_plan in plan.files:
        if not file_plan.changed:
            continue
        try:
            done.append(_performed(layout, plan, book, file_plan))
        except McpgwError as error:
            if not done:
                raise
            compile_policy(layout)
            raise Partial(f"{error.message}; files routed before it: {len(done)}", error.next_step) from error
    return tuple(done)


def _performed(layout: StateLayout, plan: InstallPlan, book: Book, file_plan: FilePlan) -> FilePlan:
    """Performs the file's plan, from what it holds now."""
    build = partial(_rebuilt, file_plan, plan, layout.launcher)
    return apply_install(book, file_plan, build, tuple(to_approve([file_plan], plan.discovery)))


def _rebuilt(shown: FilePlan, plan: InstallPlan, launcher: str, content: bytes) -> FilePlan:
    """A file that holds what was planned from, or what was planned, is not read through again."""
    if content == shown.old:
        return shown
    if content == shown.new:
        return FilePlan(shown.file, content, content, (), ())
    return install_plan(shown.file, content, plan.wanted, launcher, plan.shadows.get(shown.file.path))


def _keeps_shadows(file: ConfigFile, choice: Choice, project_servers: ProjectServers) -> bool:
    """Whether this install looks after the shadows of this file: not where it is about other servers or clients."""
    about_all = not choice.servers or choice.only_named or project_servers is ProjectServers.SHADOW
    return not file.shared and about_all and choice.client in (None, file.client)


def _opted_out(found: Discovery, ledger: Ledger, choice: Choice) -> frozenset[str]:
    """What was left out before or is now, less what is asked for by name now."""
    named = chosen(found.entries, replace(choice, excepted=())) if choice.servers else ()
    asked_for = frozenset(entry.entry_id for entry in named)
    left_out = excepted(found.entries, choice)
    for entry in found.entries:
        if entry.entry_id in left_out and entry.wrapped is not None:
            raise UsageFault(f"{entry.name!r} is routed already", "--except is for servers that are not routed yet.")
    return (ledger.opted_out - asked_for) | left_out


def remember(layout: StateLayout, plan: InstallPlan, now: float) -> None:
    """Which entries there were, so that a later one is known as new, and which stay left out; nothing new, no line."""
    added = {change.entry.entry_id for each in plan.files for change in each.changes}
    seen = frozenset(added | {entry.entry_id for entry in plan.discovery.entries})
    ledger = read_ledger(layout)
    records = (
        *((install_record(seen, at=now),) if ledger.seen != seen else ()),
        *((choice_record(opted_out=plan.opted_out, at=now),) if ledger.opted_out != plan.opted_out else ()),
    )
    if records:
        append(layout, *records)
