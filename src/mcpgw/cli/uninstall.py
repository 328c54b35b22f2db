"""`mcpgw uninstall`: takes the gateway off again, and says which sessions still run through it."""

from __future__ import annotations

import os
import time
from typing import Any

import click

from mcpgw.cli.accountability import journal_deed
from mcpgw.cli.masking import masked_command
from mcpgw.cli.output import confirm, dry_run_option, emit, json_option, yes_option
from mcpgw.cli.places import layout
from mcpgw.cli.routing import (
    client_option,
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
from mcpgw.installers.install import settle
from mcpgw.installers.plan import FilePlan, diff
from mcpgw.installers.sessions import running_processes
from mcpgw.installers.uninstall import (
    UninstallPlan,
    check_purge,
    live_instances,
    plan_uninstall,
    purge,
    uninstall,
)
from mcpgw.paths import StateLayout
from mcpgw.registry.select import Choice
from mcpgw.state.instance import InstanceStatus
from mcpgw.visible import visible

SCHEMA = "mcpgw.uninstall/1"


@click.command("uninstall")
@click.argument("names", nargs=-1, metavar="[SERVER]...")
@click.option("--purge", "purging", is_flag=True, help="Remove policy, journals and all other state too.")
@client_option
@scope_option
@force_option
@keep_going_option
@dry_run_option
@yes_option
@json_option
def command(
    names: tuple[str, ...],
    purging: bool,
    client: str | None,
    scope: str | None,
    force: bool,
    keep_going: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Take the gateway off again: every entry as it was."""
    state, choice = layout(), Choice(names, (), client, scope)
    if purging:
        check_purge(state, choice)
    if not dry_run:
        # Under an agent it ends here, before anything is read or shown.
        confirm("", yes=True, weakening=True)
    plan = plan_uninstall(here(), state, choice, Tolerance(force, keep_going), running_processes())
    _show(plan, as_json)
    if dry_run:
        emit(SCHEMA, _payload(plan, plan.files, (), dry_run=True), as_json, lambda: _dry_text(plan))
        return _exit_code(plan)
    if plan.changed or purging:
        confirm(_question(plan, purging), yes=yes, weakening=True)
    settle(state, now=time.time())
    if plan.changed or purging:
        _journal(state, plan)
    done = uninstall(state, plan, now=time.time())
    _report(state, plan, done, purging=purging, as_json=as_json)
    return _exit_code(plan)


def _journal(state: StateLayout, plan: UninstallPlan) -> None:
    """Before it is done: a deed that cannot be recorded is not done. No state directory is made for the record."""
    if os.path.isdir(state.root):
        journal_deed(state, "uninstall", f"{servers(_count(plan.files))} off", now=time.time())
    else:
        click.echo(f"mcpgw: no state directory is at {visible(state.root)}: no journal has a record of this", err=True)


def _report(
    state: StateLayout, plan: UninstallPlan, done: tuple[FilePlan, ...], *, purging: bool, as_json: bool
) -> None:
    still_routed = live_instances(state)
    if purging and not plan.problems:
        purge(state)
    payload = _payload(plan, done, still_routed, dry_run=False)
    emit(SCHEMA, payload, as_json, lambda: _text(plan, done, still_routed, purging))


def _show(plan: UninstallPlan, as_json: bool) -> None:
    if plan.changed:
        click.echo(shown(diff(plan.files, masked_command)) + "\n", err=as_json)


def _question(plan: UninstallPlan, purging: bool) -> str:
    question = f"Take the gateway off {servers(_count(plan.files))}"
    return question + (" and remove its policy, journals and state?" if purging else "?")


def _text(
    plan: UninstallPlan, done: tuple[FilePlan, ...], still_routed: tuple[InstanceStatus, ...], purging: bool
) -> str:
    off = f"The gateway is off {servers(_count(done))}." if done else "No server was routed; nothing was changed."
    return paragraphs(
        off,
        problems_text(plan.problems),
        "All state was removed." if purging and not plan.problems else "",
        _sessions_text(still_routed),
    )


def _sessions_text(still_routed: tuple[InstanceStatus, ...]) -> str:
    if not still_routed:
        return ""
    lines = [f"  {_server(each)} (instance {each.id})" for each in still_routed]
    return "\n".join(("Still routed until their client is restarted:", *lines))


def _server(instance: InstanceStatus) -> str:
    name = instance.record.identity.get("server", "") if instance.record is not None else ""
    return visible(str(name) or "a server")


def _dry_text(plan: UninstallPlan) -> str:
    return paragraphs(problems_text(plan.problems), f"The gateway would go off {servers(_count(plan.files))}.")


def _payload(
    plan: UninstallPlan,
    files: tuple[FilePlan, ...],
    still_routed: tuple[InstanceStatus, ...],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "changed": any(each.changed for each in files),
        "files": [
            {
                "file": each.file.path,
                "entries": [{"id": one.entry.entry_id, "name": one.entry.name} for one in each.changes],
            }
            for each in files
            if each.changed
        ],
        "problems": problems_json(plan.problems),
        "still_routed": [{"instance": each.id, "server": _server(each)} for each in still_routed],
    }


def _count(plans: tuple[FilePlan, ...]) -> int:
    return sum(len(each.changes) for each in plans)


def _exit_code(plan: UninstallPlan) -> int:
    return int(ExitCode.PARTIAL if plan.problems else ExitCode.DONE)
