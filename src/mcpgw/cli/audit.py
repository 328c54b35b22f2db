"""`mcpgw audit`: read, export, verify and prune the journal, and keep its heads. Nothing here changes a record."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from mcpgw.audit import outside, retention
from mcpgw.audit import query as journal
from mcpgw.audit.query import Line, Query
from mcpgw.audit.verify import VerifyReport, verify
from mcpgw.audit.witness import Kept, read_kept
from mcpgw.cli.filters import follow_option, server_option, since_option, wait_a_little
from mcpgw.cli.output import confirm, dry_run_option, emit, json_option, style, table, yes_option
from mcpgw.cli.places import layout
from mcpgw.cli.units import counted, latency, moment, size
from mcpgw.config.settings import kept_journals
from mcpgw.config.sources import load_config
from mcpgw.errors import ExitCode, UsageFault
from mcpgw.files import PRIVATE_FILE_MODE
from mcpgw.visible import visible

F = TypeVar("F", bound=Callable[..., Any])

RECORD_SCHEMA = "mcpgw.audit.record/1"
VERIFY_SCHEMA = "mcpgw.audit.verify/1"
PRUNE_SCHEMA = "mcpgw.audit.prune/1"
LIST_LIMIT = 50  # a screen or two
SHORT_HEAD = re.compile("([1-9][0-9]{0,17}):([0-9a-f]{64})")  # a head's `seq` and `hash`, for paper


def _filtered(verb: F) -> F:
    """Adds the record filters, in the order in which help shows them."""
    options = (
        server_option,
        click.option("--tool", metavar="TOOL", help="Only calls of this tool."),
        since_option,
        click.option("--direction", type=click.Choice(["to_server", "to_client"]), help="Only this direction."),
        click.option("--blocked", is_flag=True, help="Only messages that were not delivered."),
    )
    for option in reversed(options):
        verb = option(verb)
    return verb


@click.group("audit")
def command() -> None:
    """Read, export, verify and prune the audit journal, and keep its heads."""


@command.command("list")
@_filtered
@click.option(
    "--limit", type=click.IntRange(min=1), default=LIST_LIMIT, show_default=True, help="The newest N records."
)
@follow_option
@json_option
def list_(limit: int, follow: bool, as_json: bool, **filters: Any) -> None:
    """Show the newest records, oldest first. With --json: a schema line, then one record a line."""
    place, wanted = layout(), Query(**filters)
    ends = journal.journal_ends(place)
    lines = journal.latest(journal.read(place, wanted, ends), limit)
    if as_json:
        click.echo(json.dumps({"schema": RECORD_SCHEMA}))
        _echo_json(lines)
    else:
        click.echo(_listing(lines))
    if follow:
        _follow(journal.follow(place, wanted, ends, wait_a_little), as_json)


def _follow(lines: Iterable[Line], as_json: bool) -> None:
    for line in lines:
        if as_json:
            _echo_json([line])
        else:
            click.echo("  ".join(visible(cell) for cell in _cells(line) if cell))


def _echo_json(lines: Iterable[Line]) -> None:
    """ASCII only: what a record holds must not reach a terminal raw."""
    for line in lines:
        click.echo(json.dumps(line.record))


def _listing(lines: list[Line]) -> str:
    if not lines:
        return "No records."
    headers = ("TIME", "SERVER", "DIRECTION", "TYPE", "METHOD", "TOOL", "DECISION", "LATENCY", "REF", "FINDINGS")
    return table((_cells(line) for line in lines), headers)


def _cells(line: Line) -> tuple[str, ...]:
    record = line.record
    findings = record.get("findings")
    rules = sorted({str(each.get("rule")) for each in findings}) if isinstance(findings, list) else []
    measured = record.get("latency_us")
    plain = ("server", "direction", "type", "method", "tool", "decision")
    return (
        moment(line.at),
        *(str(record.get(key) or "") for key in plain),
        latency(measured) if isinstance(measured, int) else "",
        str(record.get("ref") or ""),
        ", ".join(rules),
    )


@command.command("export")
@_filtered
@click.option("--output", metavar="FILE", help="A file, made private (0600); stdout without it.")
@click.option("--jsonl", is_flag=True, expose_value=False, help="One JSON object a line: the only format there is.")
def export(output: str | None, **filters: Any) -> None:
    """Write the records as they lie in the journals, one JSON object a line, byte for byte."""
    lines = journal.read(layout(), Query(**filters))
    if output is not None:
        _write_private(output, lines)
        return
    on_terminal = sys.stdout.isatty()
    for line in lines:
        click.echo(json.dumps(line.record) if on_terminal else line.raw)


def _write_private(path: str, lines: Iterable[Line]) -> None:
    """Writes beside `path` and renames at the end: an export is whole or not there. Raises OSError."""
    temporary = f"{path}.{os.getpid()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with open(os.open(temporary, flags, PRIVATE_FILE_MODE), "wb") as target:
        try:
            for line in lines:
                target.write(line.raw + b"\n")
            target.flush()
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


@command.command("heads")
@follow_option
def heads(follow: bool) -> None:
    """Print what to keep elsewhere: the last head, and how far each open journal has come. One JSON object a line."""
    lookout = outside.Lookout(layout())
    _echo_heads(lookout.look())
    if follow:
        _echo_heads(outside.follow(lookout, wait_a_little))


def _echo_heads(lines: Iterable[bytes]) -> None:
    """As they lie in heads.jsonl; what could drive a terminal is no head, and not worth keeping."""
    for line in lines:
        if line.isascii() and line.decode().isprintable():
            click.echo(line)


@command.command("verify")
@click.option(
    "--since",
    "kept",
    metavar="HEAD",
    multiple=True,
    help="Compare with heads kept elsewhere: a file, - for stdin, a JSON line, or NUMBER:HASH.",
)
@json_option
def verify_(kept: tuple[str, ...], as_json: bool) -> int:
    """Check every journal against its chain and the heads; exit 1 if anything was changed or is missing."""
    report = verify(layout(), [head for given in kept for head in _kept(given)])
    emit(VERIFY_SCHEMA, _payload(report), as_json, lambda: _verdict(report))
    return int(ExitCode.DONE if report.intact else ExitCode.NO)


def _kept(given: str) -> tuple[Kept, ...]:
    """The heads that a user kept. Raises UsageFault where there is none in what is given, OSError for its file."""
    if short := SHORT_HEAD.fullmatch(given):
        return (Kept(int(short[1]), short[2], None),)
    if given == "-":
        heads = read_kept(sys.stdin.buffer)
    elif given.lstrip().startswith("{"):
        heads = read_kept([given.encode()])
    else:
        with open(given, "rb") as lines:
            heads = read_kept(lines)
    if not heads:
        raise UsageFault("--since: no head in what was given", "Give lines as `mcpgw audit heads` prints them.")
    return heads


def _payload(report: VerifyReport) -> dict[str, Any]:
    return {
        "intact": report.intact,
        "journals": report.journals,
        "records": report.records,
        "heads": report.heads,
        "kept": report.kept,
        "pruned": report.pruned,
        "torn": list(report.torn),
        "problems": [
            {"fault": str(each.fault), "file": each.file, "line": each.line, "detail": each.detail}
            for each in report.problems
        ],
    }


def _verdict(report: VerifyReport) -> str:
    journals, heads = counted(report.journals, "journal"), counted(report.heads, "head")
    seen = f"{counted(report.records, 'record')} in {journals}, {heads}"
    lines = [
        f"{style('Intact', 'green')}: {seen}."
        if report.intact
        else f"{style('Not intact', 'red', bold=True)}: {counted(len(report.problems), 'fault')}; {seen}."
    ]
    for each in report.problems:
        place = f"{each.file}:{each.line}" if each.line else each.file
        lines.append(visible(f"  {place}: {each.fault}: {each.detail}"))
    lines += [
        visible(f"  {file}: ends in half a line, as a killed process leaves it (no fault)") for file in report.torn
    ]
    if report.kept:
        lines.append(f"  Compared with {counted(report.kept, 'head')} kept elsewhere.")
    if report.pruned:
        lines.append(f"  Pruned, as the heads say: {counted(report.pruned, 'journal')}.")
    return "\n".join(lines)


@command.command("prune")
@click.option("--keep-days", type=click.IntRange(min=1), help="Age cap; audit.keep_days without it.")
@click.option("--max-bytes", type=click.IntRange(min=0), help="Size cap; audit.max_bytes without it.")
@dry_run_option
@yes_option
@json_option
def prune(keep_days: int | None, max_bytes: int | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete the oldest days beyond the caps; the heads keep note of what went."""
    if as_json and not (dry_run or yes):
        raise UsageFault("prune --json cannot ask", "Add --dry-run or --yes.")
    place, now = layout(), time.time()
    caps = kept_journals(load_config(place))
    keep_days = caps["keep_days"] if keep_days is None else keep_days
    max_bytes = caps["max_bytes"] if max_bytes is None else max_bytes
    report = retention.prune(place, keep_days=keep_days, max_bytes=max_bytes, now=now, dry_run=True)
    if report.days and not dry_run:
        confirm(f"Delete {_extent(report)}?", yes=yes)
        report = retention.prune(place, keep_days=keep_days, max_bytes=max_bytes, now=now)
    payload = {
        "dry_run": dry_run,
        "days": list(report.days),
        "files": report.files,
        "freed_bytes": report.freed_bytes,
        "kept_bytes": report.kept_bytes,
        "held": list(report.held),
        "near_cap": report.near_cap,
    }
    emit(PRUNE_SCHEMA, payload, as_json, lambda: _pruned(report, dry_run))


def _extent(report: retention.PruneReport) -> str:
    journals, days = counted(report.files, "journal"), counted(len(report.days), "day")
    return f"{journals} of {days} ({size(report.freed_bytes)})"


def _pruned(report: retention.PruneReport, dry_run: bool) -> str:
    verb = "Would delete" if dry_run else "Deleted"
    went = f"{verb} {_extent(report)}" if report.days else "Nothing to delete"
    lines = [f"{went}; {size(report.kept_bytes)} stay."]
    lines += [f"  {day}: kept, a live instance writes to it" for day in report.held]
    if report.near_cap:
        lines.append("  The journals fill over 80 % of the size cap: export what you want to keep.")
    return "\n".join(lines)
