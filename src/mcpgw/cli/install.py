"""`mcpgw install`: shows the plan, asks, performs it, and ends with what is routed, what is not, and the next step."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import click

from mcpgw.cli.accountability import approvals, journal_deed
from mcpgw.cli.masking import masked_command
from mcpgw.cli.output import confirm, dry_run_option, emit, json_option, yes_option
from mcpgw.cli.places import layout
from mcpgw.cli.routing import (
    client_option,
    coverage_json,
    coverage_table,
    force_option,
    here,
    keep_going_option,
    paragraphs,
    problems_json,
    problems_text,
    scope_option,
    servers,
    shown,
)
from mcpgw.errors import ExitCode
from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import (
    Installed,
    InstallPlan,
    install,
    make_state_dir,
    observe_conflict,
    plan_install,
    remember,
    settle,
)
from mcpgw.installers.plan import diff
from mcpgw.installers.project_servers import ProjectServers
from mcpgw.installers.sessions import Session, running_processes, sessions_before
from mcpgw.installers.shadowing import offered
from mcpgw.paths import StateLayout
from mcpgw.registry.client import Place
from mcpgw.registry.coverage import Coverage, coverage, figure
from mcpgw.registry.dangerous_env import dangerous_env
from mcpgw.registry.discover import client_named, discover
from mcpgw.registry.document import Document
from mcpgw.registry.ledger import read_ledger
from mcpgw.registry.select import Choice
from mcpgw.visible import visible

SCHEMA = "mcpgw.install/1"


@click.command("install")
@click.argument("names", nargs=-1, metavar="[SERVER]...")
@click.option("--except", "excepted", multiple=True, metavar="NAME", help="Leave this server alone, now and later.")
@click.option("--observe", is_flag=True, help="Start with the profile that records and never blocks.")
@click.option(
    "--project-servers",
    type=click.Choice([str(mode) for mode in ProjectServers]),
    help="Servers in shared project files: left alone (the default), a private entry put before each, or edited there.",
)
@client_option
@scope_option
@force_option
@keep_going_option
@dry_run_option
@yes_option
@json_option
def command(
    names: tuple[str, ...],
    excepted: tuple[str, ...],
    observe: bool,
    project_servers: str | None,
    client: str | None,
    scope: str | None,
    force: bool,
    keep_going: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Route every server of your clients through the gateway."""
    place, state = here(), layout()
    if not dry_run:
        settle(state, now=time.time())
    choice = Choice(names, excepted, client, scope)
    planned = partial(plan_install, place, state, choice, Tolerance(force, keep_going), tuple(running_processes()))
    plan = planned(ProjectServers(project_servers or ProjectServers.SKIP))
    if project_servers is None and not (dry_run or yes or as_json) and _wants_shadows(plan):
        plan = planned(ProjectServers.SHADOW)
    _show(plan, as_json)
    if dry_run:
        emit(SCHEMA, {"dry_run": True, **_planned(plan)}, as_json, lambda: _dry_text(plan))
        return _exit_code(plan)
    if observe or excepted or approvals(plan.files, plan.discovery):
        # Observing, leaving out and approving lower protection: under an agent it ends here.
        confirm("", yes=True, weakening=True)
    if plan.changed:
        confirm(f"Route {servers(_count(plan))} through the gateway?", yes=yes)
    _journal(state, plan, observing=observe)
    done = None
    if plan.changed or _routed_before(plan):
        done = install(state, plan, observe=observe, now=time.time())
    elif excepted:
        remember(state, plan, now=time.time())
    _warn(done, observe_conflict(state) if observe else None)
    _report(place, state, plan, done, as_json)
    return _exit_code(plan)


def _journal(state: StateLayout, plan: InstallPlan, *, observing: bool) -> None:
    """Before it is done: what lowers protection and cannot be recorded is not done."""
    parts = {
        "observe": ["nothing is blocked"] if observing and not os.path.lexists(state.config_file) else [],
        "leave out": sorted(plan.opted_out - read_ledger(state).opted_out),
        "approve": approvals(plan.files, plan.discovery),
    }
    said = "; ".join(f"{act}: {', '.join(each)}" for act, each in parts.items() if each)
    if said:
        make_state_dir(state)
        journal_deed(state, "install", said, now=time.time())


def _wants_shadows(plan: InstallPlan) -> bool:
    """One question for all shared servers that the person has approved in the client; none where nobody answers."""
    names = [entry.name for entry in offered(plan.discovery) if entry.entry_id not in plan.opted_out | plan.unreviewed]
    if not names or not sys.stdin.isatty():
        return False
    listed = visible(", ".join(names))
    click.echo(f"Shared project files list {servers(len(names))} that you approved: {listed}.", err=True)
    return click.confirm("Put a private, routed entry before each, and leave the shared files alone?", err=True)


def _show(plan: InstallPlan, as_json: bool) -> None:
    """The diff goes to stderr where stdout is for JSON."""
    if plan.changed:
        click.echo(shown(diff(plan.files, masked_command)) + "\n", err=as_json)
    for warning in _dangers(plan):
        click.echo(f"mcpgw: warning: {visible(warning)}", err=True)


def _dangers(plan: InstallPlan) -> Iterator[str]:
    """Environment variables that make a server other code than its command says."""
    for change in (change for each in plan.files for change in each.changes):
        for danger in dangerous_env(change.entry.env_keys):
            yield f"{change.entry.name}: {danger}"


def _warn(done: Installed | None, conflict: str | None) -> None:
    for warning in (*(done.warnings if done else ()), *((conflict,) if conflict else ())):
        click.echo(f"mcpgw: warning: {visible(warning)}", err=True)


def _report(place: Place, state: StateLayout, plan: InstallPlan, done: Installed | None, as_json: bool) -> None:
    ledger = read_ledger(state)
    covered = coverage(discover(place, known=_written(done)).entries, ledger.seen, ledger.opted_out)
    sessions = _unprotected(plan) if plan.changed else ()
    counted = figure(covered)
    payload = {
        "dry_run": False,
        "changed": plan.changed,
        **_planned(plan),
        "servers": [coverage_json(each) for each in covered],
        "coverage": {"routed": counted.routed, "total": counted.total},
        "unprotected_sessions": [{"client": each.client, "pid": each.pid} for each in sessions],
        "next_step": _next_step(plan),
    }
    emit(SCHEMA, payload, as_json, lambda: _text(plan, done, covered, sessions))


def _text(
    plan: InstallPlan, done: Installed | None, covered: tuple[Coverage, ...], sessions: tuple[Session, ...]
) -> str:
    routed = [each for each in covered if each.routed]
    others = [each for each in covered if not each.routed]
    return paragraphs(
        "" if plan.changed else _nothing(done),
        "Routed:\n" + coverage_table(routed) if routed else "",
        "Not routed:\n" + coverage_table(others) if others else "",
        problems_text(plan.problems),
        _sessions_text(sessions),
        _shared_text(plan),
        _unreviewed_text(plan),
        figure(covered).text,
        f"Next: {_next_step(plan)}",
    )


def _written(done: Installed | None) -> dict[str, Document]:
    """What was read of the new files before they were written: a big one need not be read through once more."""
    plans = () if done is None else done.files
    return {plan.file.path: plan.becomes for plan in plans if plan.becomes is not None}


def _nothing(done: Installed | None) -> str:
    renewed = done is not None and done.launcher_written
    return "No client file had to change." + (" The launcher was renewed." if renewed else "")


def _sessions_text(sessions: tuple[Session, ...]) -> str:
    if not sessions:
        return ""
    lines = [f"  {each.client}, pid {each.pid}" for each in sessions]
    return "\n".join(("Still unprotected until restarted:", *lines))


def _shared_text(plan: InstallPlan) -> str:
    edited = any(each.changed and each.file.shared for each in plan.files)
    return "Edited in shared files: a pull can remove the gateway there; `mcpgw doctor` shows it." if edited else ""


def _unreviewed_text(plan: InstallPlan) -> str:
    names = [visible(entry.name) for entry in plan.discovery.entries if entry.entry_id in plan.unreviewed]
    if not names:
        return ""
    return f"Changed since approved, and left as it is: {', '.join(names)}. `mcpgw review list` shows old and new."


def _next_step(plan: InstallPlan) -> str:
    if not plan.changed:
        return "`mcpgw status` shows what runs through the gateway."
    clients = dict.fromkeys(client_named(each.file.client).title for each in plan.files if each.changed)
    return f"restart {' and '.join(clients)}, use a server, then look at `mcpgw status`."


def _dry_text(plan: InstallPlan) -> str:
    changes = f"{servers(_count(plan))} would be routed." if plan.changed else "No client file would change."
    return paragraphs(problems_text(plan.problems), changes)


def _planned(plan: InstallPlan) -> dict[str, Any]:
    return {
        "files": [
            {
                "file": each.file.path,
                "entries": [
                    {"id": change.entry.entry_id, "name": change.entry.name, "outcome": str(change.outcome)}
                    for change in each.changes
                ],
            }
            for each in plan.files
            if each.changed
        ],
        "problems": problems_json(plan.problems),
        "unreviewed": sorted(plan.unreviewed),
    }


def _unprotected(plan: InstallPlan) -> tuple[Session, ...]:
    clients = [client_named(each.file.client) for each in plan.files if each.changed]
    return sessions_before(time.time(), clients, running_processes())


def _routed_before(plan: InstallPlan) -> bool:
    return any(entry.wrapped is not None for entry in plan.discovery.entries)


def _count(plan: InstallPlan) -> int:
    return sum(len(each.changes) for each in plan.files)


def _exit_code(plan: InstallPlan) -> int:
    return int(ExitCode.PARTIAL if plan.problems else ExitCode.DONE)
