"""`mcpgw review`: one inbox for what waits for a person. Each item is computed live, and its REF names one content."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import click

from mcpgw.audit.query import Query, latest, read
from mcpgw.cli.accountability import journal_deed
from mcpgw.cli.masking import masked_words
from mcpgw.cli.output import confirm, dry_run_option, emit, json_option, table, yes_option
from mcpgw.cli.places import layout
from mcpgw.cli.routing import here
from mcpgw.errors import ExitCode, NotFound
from mcpgw.installers.mend import renew_shadows
from mcpgw.installers.sessions import running_processes
from mcpgw.installers.trust import approve, deny, require_content
from mcpgw.installers.unapproved import waiting
from mcpgw.paths import StateLayout
from mcpgw.registry.dangerous_env import dangerous_env
from mcpgw.registry.discover import discover
from mcpgw.registry.source import Cause, Change
from mcpgw.state.binary import Binary
from mcpgw.state.trust import Words
from mcpgw.visible import visible

_NEXT_START = "It is in force when the client starts the server the next time."


@click.group("review")
def command() -> None:
    """What waits for your decision: shared servers that changed since you approved them, or came routed."""


@command.command("list")
@json_option
def list_(as_json: bool) -> int:
    """Every item that waits, with its REF; exit code 1 if any does."""
    items = _open(layout())
    emit("mcpgw.review/1", {"items": [_payload(each) for each in items]}, as_json, lambda: _list_text(items))
    return int(ExitCode.NO if items else ExitCode.DONE)


@command.command("show")
@click.argument("ref", metavar="REF")
@json_option
def show(ref: str, as_json: bool) -> None:
    """Old and new side by side, secrets masked."""
    change = _named(layout(), ref)
    emit("mcpgw.review-show/1", {"item": _payload(change)}, as_json, lambda: _show_text(change))


@command.command("approve")
@click.argument("ref", metavar="REF")
@dry_run_option
@yes_option
@json_option
def approve_(ref: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Approve exactly the content that REF names."""
    state = layout()
    if not dry_run:
        confirm("", yes=True, weakening=True)  # under an agent it ends here, before anything is shown
    change = _decide(state, ref, "approve", yes=yes, dry_run=dry_run, as_json=as_json)
    if not dry_run:
        approval = change.approval
        # Before it is done: a deed that cannot be recorded is not done.
        journal_deed(state, "review-approve", f"{approval.entry_id}: {change.text}, ref {change.ref}", now=time.time())
        approve(state, change, now=time.time())
        renew_shadows(here(), state, running_processes(), now=time.time())
    _report(change, "approve", dry_run=dry_run, as_json=as_json)


@command.command("deny")
@click.argument("ref", metavar="REF")
@dry_run_option
@yes_option
@json_option
def deny_(ref: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Keep this content withheld; it is listed again only if it changes again."""
    state = layout()
    change = _decide(state, ref, "deny", yes=yes, dry_run=dry_run, as_json=as_json)
    if not dry_run:
        deny(state, change)
    _report(change, "deny", dry_run=dry_run, as_json=as_json)


def _open(state: StateLayout) -> tuple[Change, ...]:
    return tuple(change for change in waiting(state, discover(here())) if not change.denied)


def _named(state: StateLayout, ref: str) -> Change:
    """The item with this REF, denied ones too. Raises NotFound, with what the journal knows of it."""
    wanted = ref.upper()
    for change in waiting(state, discover(here())):
        if change.ref == wanted:
            return change
    raise NotFound(
        f"nothing waits under the ref {visible(ref)}{_journaled(state, wanted)}",
        "`mcpgw review list` in its project shows what waits; a shared server that is not routed is approved by "
        "`mcpgw install --project-servers shadow` there.",
    )


def _journaled(state: StateLayout, ref: str) -> str:
    """Why a start was refused under a REF that nobody can approve: an entry that was never approved here."""
    control = read(state, Query(direction="control"))
    starts = (line for line in control if line.record.get("ref") == ref)
    for line in latest(starts, 1):
        said = f"{line.record.get('entry')} at {line.record.get('time')}: {line.record.get('reason')}"
        return f"; the journal has it for {visible(said)}"
    return ""


def _decide(state: StateLayout, ref: str, verb: str, *, yes: bool, dry_run: bool, as_json: bool) -> Change:
    """The item, shown and confirmed."""
    change = _named(state, ref)
    click.echo(_show_text(change) + "\n", err=as_json)
    require_content(change, verb)
    if not dry_run:
        confirm(f"{verb.capitalize()} this?", yes=yes, weakening=verb == "approve")
    return change


def _report(change: Change, verb: str, *, dry_run: bool, as_json: bool) -> None:
    payload = {"verb": verb, "dry_run": dry_run, "item": _payload(change)}
    emit("mcpgw.review-decision/1", payload, as_json, lambda: _decision_text(change, verb, dry_run))


def _decision_text(change: Change, verb: str, dry_run: bool) -> str:
    name = visible(change.approval.name)
    if dry_run:
        return f"Would {verb} {name}; nothing was changed."
    if verb == "deny":
        return f"Denied {name}: it stays withheld."
    return f"Approved {name}. {_NEXT_START}"


def _list_text(items: tuple[Change, ...]) -> str:
    if not items:
        return "Nothing waits for you."
    rows = [(each.ref, each.approval.name, each.approval.config_file, each.text) for each in items]
    lines = [visible(f"{each.approval.name} {_came_routed(each)}") for each in items if _is_unapproved(each)]
    listed = table(rows, ("REF", "SERVER", "FILE", "WHY"))
    return "\n\n".join((listed, *lines, "`mcpgw review show REF` shows old and new."))


def _is_unapproved(change: Change) -> bool:
    return change.cause is Cause.UNAPPROVED


def _came_routed(change: Change) -> str:
    """What approving it would do."""
    return (
        f"came routed in its file. `mcpgw review approve {change.ref}` lets it start as it stands; no file is edited."
    )


def _show_text(change: Change) -> str:
    approval = change.approval
    head = (
        f"{change.ref}  {approval.name} ({approval.entry_id}, {approval.kind})",
        f"{approval.config_file}: {change.text}",
    )
    lines = [*map(visible, head), "", table(_rows(change), ("", "APPROVED", "NOW"))]
    lines += [f"  It {_came_routed(change)}"] if _is_unapproved(change) else []
    lines += [f"  ! {visible(each)}" for each in _dangers(change)]
    return "\n".join([*lines, "  (denied before)"] if change.denied else lines)


def _rows(change: Change) -> Iterator[tuple[str, str, str]]:
    """One row for each part, and for each argument: (what, before, now), both masked."""
    before, now = change.approval.words, change.found
    yield "command", _words(before)[0] or "-", _words(now)[0] if now else "-"
    yield from _arguments(before, now)
    yield "env", ", ".join(before.env_keys), ", ".join(now.env_keys) if now else "-"
    if change.binary is not None:
        yield "program", _program(change.approval.binary), _program(change.binary)


def _arguments(before: Words, now: Words | None) -> Iterator[tuple[str, str, str]]:
    old, new = _words(before)[1:], _words(now)[1:] if now else ()
    for place, (was, is_) in enumerate(zip_longest(old, new, fillvalue="-")):
        yield f"args[{place}]", was, is_


def _words(words: Words) -> tuple[str, ...]:
    """The command and its arguments, without their secrets."""
    return masked_words((words.command, *words.args))


def _program(binary: Binary | None) -> str:
    return "-" if binary is None else f"{binary.path} ({binary.size} bytes, sha256 {binary.sha256[:12]})"


def _dangers(change: Change) -> tuple[str, ...]:
    return dangerous_env(change.found.env_keys) if change.found else ()


def _payload(change: Change) -> dict[str, Any]:
    approval = change.approval
    return {
        "ref": change.ref,
        "kind": "entry",
        "entry": approval.entry_id,
        "name": approval.name,
        "config_file": approval.config_file,
        "routed_by": approval.kind,
        "cause": str(change.cause),
        "parts": list(change.parts),
        "approved_at": approval.approved_at or None,
        "denied": change.denied,
        "before": None if _is_unapproved(change) else _words_payload(approval.words, approval.binary),
        "now": _words_payload(change.found, change.binary or approval.binary) if change.found else None,
        "dangerous_env": list(_dangers(change)),
    }


def _words_payload(words: Words, binary: Binary | None) -> dict[str, Any]:
    command, *args = _words(words)
    return {
        "command": command,
        "args": args,
        "env": list(words.env_keys),
        "program": binary and {"path": binary.path, "size": binary.size, "sha256": binary.sha256},
    }
