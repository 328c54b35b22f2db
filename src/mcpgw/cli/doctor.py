"""`mcpgw doctor`: what is wrong with the installation, and what to do; `--fix` mends on consent what it can."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable
from typing import Any

import click

from mcpgw.cli.accountability import approvals, journal_deed
from mcpgw.cli.examination import examine
from mcpgw.cli.masking import masked, masked_command, masked_words
from mcpgw.cli.output import confirm, dry_run_option, emit, json_option, style, yes_option
from mcpgw.cli.places import layout
from mcpgw.cli.routing import force_option, here, keep_going_option, paragraphs, problems_text, servers, shown
from mcpgw.errors import ExitCode
from mcpgw.installers.change import Outcome
from mcpgw.installers.checkup import Checkup
from mcpgw.installers.drift import Drifted
from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import InstallPlan, settle
from mcpgw.installers.mend import mend, plan_mend
from mcpgw.installers.plan import diff
from mcpgw.installers.sessions import running_processes
from mcpgw.installers.symptom import Symptom, Weight
from mcpgw.registry.entry import Command, unwrap
from mcpgw.visible import visible

SCHEMA = "mcpgw.doctor/1"
_COLOURS = {Weight.MENDABLE: "yellow", Weight.ACTION: "red", Weight.NOTE: "white"}


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Mend what can be mended: show the edits, ask, perform them.")
@force_option
@keep_going_option
@dry_run_option
@yes_option
@json_option
def command(fix: bool, force: bool, keep_going: bool, dry_run: bool, yes: bool, as_json: bool) -> int:
    """What is wrong with the installation, and what to do about it."""
    place, state, processes = here(), layout(), tuple(running_processes())
    if fix and not dry_run:
        settle(state, now=time.time())
    found = examine(place, state, processes)
    if not fix:
        emit(SCHEMA, _payload(found, mended=False), as_json, lambda: _text(found))
        return _exit_code(found)
    plan = plan_mend(place, state, found, Tolerance(force, keep_going), processes)
    _show(found, plan, as_json)
    if dry_run:
        emit(SCHEMA, {"dry_run": True, **_payload(found, mended=False)}, as_json, lambda: _text(found))
        return _exit_code(found)
    if _mendable(found):
        confirm(_question(found, plan), yes=yes)
        if approved := approvals(plan.files, plan.discovery):
            journal_deed(state, "doctor-fix", f"approve: {', '.join(approved)}", now=time.time())
        mend(state, plan, found, now=time.time())
        found = examine(place, state, tuple(running_processes()))
    emit(SCHEMA, _payload(found, mended=True), as_json, lambda: paragraphs(problems_text(plan.problems), _text(found)))
    return int(ExitCode.PARTIAL) if plan.problems else _exit_code(found)


def _mendable(found: Checkup) -> bool:
    return any(each.weight is Weight.MENDABLE for each in found.symptoms)


def _show(found: Checkup, plan: InstallPlan, as_json: bool) -> None:
    """The three sides of each drifted entry, then the edit."""
    text = shown((*(line for each in found.drifted for line in _sides(each)), *diff(plan.files, masked_command)))
    if text:
        click.echo(text + "\n", err=as_json)


def _sides(each: Drifted) -> Iterable[str]:
    yield f"{each.name}: {each.drift} ({each.config_file})"
    for side, words in (("first", each.first), ("written", each.written), ("now", each.now)):
        yield f"  {side:8}{'-' if words is None else _line(words)}"


def _line(words: Command) -> str:
    """The command line as a person knows it, routed or not, without its secrets."""
    command, args = words
    original = unwrap(args)
    if original is None:
        return shlex.join(masked_words((command, *(args or ()))))
    return "(routed) " + shlex.join(masked_words((original.command, *(original.args or ()))))


def _question(found: Checkup, plan: InstallPlan) -> str:
    outcomes = [change.outcome for each in plan.files for change in each.changes]
    surplus = outcomes.count(Outcome.UNSHADOW)
    count = len(outcomes) - surplus
    removing = f"take out {servers(surplus)} that was added before a shared one" if surplus else ""
    routing = f"route {servers(count)}" if count else ""
    forgetting = f"forget {servers(len(found.to_forget))} that were deleted" if found.to_forget else ""
    return f"Mend it ({', '.join(part for part in (routing, removing, forgetting, 'renew the launcher') if part)})?"


def _text(found: Checkup) -> str:
    lines = [line for each in found.symptoms for line in _lines(each)]
    verdict = "Healthy: nothing to do." if found.healthy else "Action needed."
    return paragraphs("\n".join(lines), verdict)


def _lines(each: Symptom) -> Iterable[str]:
    yield f"{style(str(each.weight), _COLOURS[each.weight], bold=True)}  {visible(masked(each.text))}"
    yield f"  next: {visible(each.next_step)}"


def _payload(found: Checkup, *, mended: bool) -> dict[str, Any]:
    return {
        "healthy": found.healthy,
        "mended": mended,
        "symptoms": [
            {"check": each.check, "weight": str(each.weight), "text": masked(each.text), "next_step": each.next_step}
            for each in found.symptoms
        ],
        "drift": [
            {
                "id": each.entry_id,
                "name": each.name,
                "file": each.config_file,
                "drift": str(each.drift),
                "first": None if each.first is None else _line(each.first),
                "now": None if each.now is None else _line(each.now),
            }
            for each in found.drifted
        ],
    }


def _exit_code(found: Checkup) -> int:
    return int(ExitCode.DONE if found.healthy else ExitCode.NO)
