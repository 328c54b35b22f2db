"""What stands in the way of an edit is found before the first one is made, and stops all, unless told otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from mcpgw.errors import EnvironmentFault, Refused
from mcpgw.installers.plan import FilePlan
from mcpgw.installers.sessions import Process, must_close_first
from mcpgw.installers.swap import target_of
from mcpgw.registry.client import Problem
from mcpgw.registry.discover import Discovery, client_named
from mcpgw.registry.select import Choice


@dataclass(frozen=True, slots=True)
class Tolerance:
    """force: edit the files of a client that must be closed.  keep_going: leave out files that stand in the way."""

    force: bool = False
    keep_going: bool = False


def concerns(path: str, found: Discovery, choice: Choice) -> bool:
    """Whether the choice of a client leaves this file in question."""
    clients = {reading.file.client for reading in found.readings if reading.file.path == path}
    return choice.client is None or choice.client in clients


def stands_in_the_way(plan: FilePlan, processes: tuple[Process, ...], tolerance: Tolerance) -> Problem | None:
    """Why a file that is to change cannot be changed now."""
    if not plan.changed:
        return None
    client = client_named(plan.file.client)
    if not tolerance.force and must_close_first(client, processes):
        return Problem(
            plan.file.path,
            f"{client.title} is running and would overwrite {plan.file.path}",
            f"Quit {client.title} (its tray icon too), or leave it out with --keep-going.",
            blocking=True,
            kind=Refused,
        )
    try:
        target_of(plan.file.path, locked=plan.file.locked)
    except EnvironmentFault as fault:
        return Problem(plan.file.path, fault.message, fault.next_step, blocking=True, kind=EnvironmentFault)
    return None


def require_none(problems: list[Problem], tolerance: Tolerance) -> None:
    """Raises the first problem, unless files that stand in the way are to be left out."""
    if problems and not tolerance.keep_going:
        first = problems[0]
        raise first.kind(first.message, first.next_step)
