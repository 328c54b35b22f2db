"""`mcpgw status`: a verdict first, then every entry. It reads and changes nothing; exit 0 whatever the verdict is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import click

from mcpgw.audit import retention
from mcpgw.cli.output import emit, json_option, style
from mcpgw.cli.places import layout
from mcpgw.cli.routing import here
from mcpgw.cli.units import duration, latency, size
from mcpgw.cli.verdict import EntryStatus, Row, Session, Standing, Verdict, Word, entry_of, judge
from mcpgw.config.settings import kept_journals
from mcpgw.config.sources import load_config
from mcpgw.errors import ConfigFault, NotFound
from mcpgw.files import read_bytes
from mcpgw.installers.sessions import Process, running_processes
from mcpgw.paths import StateLayout
from mcpgw.registry.client import Place
from mcpgw.registry.coverage import Coverage, coverage
from mcpgw.registry.discover import CLIENTS, discover
from mcpgw.registry.ledger import read_ledger
from mcpgw.state.instance import InstanceStatus, percentile, read_instances
from mcpgw.visible import visible

SCHEMA = "mcpgw.status/1"
_COLOURS = {
    Standing.PROTECTED: "green",
    Standing.WAITING: "yellow",
    Standing.UNPROTECTED: "red",
    Standing.IDLE: "white",
}
_VERDICT_COLOURS = {Word.PROTECTED: "green", Word.NO_SERVERS: "white", Word.UNPROTECTED: "red"}


@click.command("status")
@click.argument("server", required=False)
@json_option
def command(server: str | None, as_json: bool) -> None:
    """Is everything protected? A verdict, then every entry (or SERVER: a name or an entry id)."""
    now = time.time()
    place = layout()
    verdict = look(place, here(), running_processes(), now=now)
    if server is not None:
        verdict = only(verdict, server)
    used, cap = retention.usage(place), _journal_cap(place)
    payload = {**as_payload(verdict, now=now), "audit": _audit(used, cap)}
    emit(SCHEMA, payload, as_json, lambda: _text(verdict, _audit(used, cap), now))


def look(place: StateLayout, machine: Place, processes: Iterable[Process], *, now: float) -> Verdict:
    """Reads everything that the verdict rests on. Raises McpgwError where the ledger cannot be read."""
    found = discover(machine)
    ledger = read_ledger(place)
    rows = rows_of(coverage(found.entries, ledger.seen, ledger.opted_out), install_times(place))
    problems = [*policy_problems(place), *(problem.message for problem in found.problems)]
    return judge(rows, read_instances(place), client_sessions(processes), problems, now=now)


def client_sessions(processes: Iterable[Process]) -> tuple[Session, ...]:
    """The processes that bear a client's name."""
    names = {name: client.name for client in CLIENTS for name in client.processes}
    return tuple(Session(names[each.name], each.pid, each.started) for each in processes if each.name in names)


def rows_of(covered: Iterable[Coverage], installed: dict[str, float]) -> list[Row]:
    """The registry's view of each entry, with the time of its install."""
    return [
        Row(
            entry=each.entry.gateway_id,
            name=each.entry.name,
            client=each.entry.client,
            scope=str(each.entry.scope),
            config_file=each.entry.config_file,
            routed=each.routed,
            why=each.text,
            starts=each.counts,
            installed_at=installed.get(each.entry.entry_id),
        )
        for each in covered
    ]


def install_times(place: StateLayout) -> dict[str, float]:
    """Entry id -> when it was last routed, from the ledger's plans; lines that say nothing of it are passed over."""
    try:
        lines = read_bytes(place.ledger_file).split(b"\n")
    except FileNotFoundError:
        return {}
    times: dict[str, float] = {}
    for line in lines:
        record = _object(line)
        if record.get("kind") == "plan":
            times.update({each["entry_id"]: float(record["at"]) for each in record["entries"]})
    return times


def policy_problems(place: StateLayout) -> list[str]:
    """What stopped the last compile of the policy, as one sentence; none when the sources compile."""
    try:
        problem = _object(read_bytes(place.policy_problem))
    except FileNotFoundError:
        return []
    said = str(problem.get("message") or "see `mcpgw config check`")
    return [f"the policy does not compile, the last good one stays in force: {said}"]


def _object(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def only(verdict: Verdict, server: str) -> Verdict:
    """The verdict with the entries and instances of one server. Raises NotFound."""
    entries = tuple(each for each in verdict.entries if server in (each.row.name, each.row.entry))
    others = tuple(each for each in verdict.others if server in (_identity(each, "server"), entry_of(each)))
    if not entries and not others:
        raise NotFound(f"no server or entry is called {visible(server)}", "`mcpgw list` shows every one.")
    return Verdict(verdict.word, verdict.sentence, entries, others, verdict.problems)


def as_payload(verdict: Verdict, *, now: float) -> dict[str, Any]:
    """The verdict as JSON values; times in epoch seconds, latencies in microseconds."""
    return {
        "verdict": str(verdict.word),
        "sentence": verdict.sentence,
        "problems": list(verdict.problems),
        "entries": [_entry_payload(each, now) for each in verdict.entries],
        "others": [_instance_payload(each, now) for each in verdict.others],
    }


def _audit(used: int, cap: int) -> dict[str, Any]:
    return {"bytes": used, "near_cap": used > cap * retention.WARN_SHARE}


def _journal_cap(place: StateLayout) -> int:
    """audit.max_bytes; the default while config.toml cannot be read, which the verdict says elsewhere."""
    try:
        return kept_journals(load_config(place))["max_bytes"]
    except ConfigFault:
        return retention.MAX_BYTES


def _entry_payload(entry: EntryStatus, now: float) -> dict[str, Any]:
    row = entry.row
    return {
        "entry": row.entry,
        "name": row.name,
        "client": row.client,
        "scope": row.scope,
        "config_file": row.config_file,
        "routed": row.routed,
        "standing": str(entry.standing),
        "why": entry.why,
        "installed_at": row.installed_at,
        "instances": [_instance_payload(each, now) for each in entry.live],
        "last_instance": _instance_payload(entry.last, now) if entry.last else None,
    }


def _instance_payload(instance: InstanceStatus, now: float) -> dict[str, Any]:
    facts: dict[str, Any] = {"id": instance.id, "alive": instance.alive, "problem": instance.problem}
    record = instance.record
    if record is None:
        return facts
    messages: dict[str, dict[str, int]] = {}
    for (direction, kind), count in record.messages.items():
        messages.setdefault(direction, {})[kind] = count
    end = now if instance.alive else record.updated_at
    return {
        **facts,
        "identity": dict(record.identity),
        "pid": record.pid,
        "state": record.state,
        "reason": record.reason,
        "started_at": record.started_at,
        "updated_at": record.updated_at,
        "uptime_seconds": max(end - record.started_at, 0.0),
        "messages": messages,
        **record.counters,
        "latency_us": {f"p{round(q * 100)}": percentile(record.histogram, q) for q in (0.5, 0.95, 0.99)},
        "last_error": {"at": record.error_at, "text": record.error} if record.error_at else None,
    }


def _text(verdict: Verdict, journals: dict[str, Any], now: float) -> str:
    colour = _VERDICT_COLOURS.get(verdict.word, "yellow")
    lines = [style(visible(verdict.sentence), colour, bold=True)]
    lines += [style(f"  ! {visible(problem)}", "red") for problem in verdict.problems]
    if journals["near_cap"]:
        held = size(journals["bytes"])
        lines.append(f"  ! the audit journals hold {held}, over 80 % of their cap: export what you want to keep")
    for entry in verdict.entries:
        lines += ["", *_entry_lines(entry, now)]
    if verdict.others:
        lines += ["", "Other instances (started by hand, or of an entry that is gone):"]
        lines += [line for each in verdict.others for line in _instance_lines(each, now)]
    return "\n".join(lines)


def _entry_lines(entry: EntryStatus, now: float) -> list[str]:
    row = entry.row
    word = style(entry.standing.replace("-", " "), _COLOURS[entry.standing])
    lines = [f"{visible(row.name)}  {word}  ({visible(row.client)}, {visible(row.scope)})"]
    if entry.why:
        lines.append(f"  {visible(entry.why)}")
    lines += [line for each in entry.live for line in _instance_lines(each, now)]
    if not entry.live and entry.last is not None and entry.last.record is not None:
        ended = duration(now - entry.last.record.updated_at)
        lines.append(f"  last instance ended {ended} ago{_last_error(entry.last, now)}")
    return lines


def _instance_lines(instance: InstanceStatus, now: float) -> list[str]:
    record = instance.record
    if record is None:
        return [f"  {visible(instance.id)}: {visible(instance.problem)}"]
    counters = record.counters
    client = " ".join(filter(None, (_identity(instance, "client"), _identity(instance, "client_version"))))
    name = _identity(instance, "server") if entry_of(instance) == "" else ""
    what = ", ".join(filter(None, (name, client or "client not known yet", record.state, record.reason)))
    counted = ("calls", "errors", "blocked", "redacted", "refused", "alerts", "restarts")
    numbers = "  ".join(f"{name} {counters[name]}" for name in counted if counters[name] or name in counted[:4])
    times = "  ".join(f"p{round(q * 100)} {latency(percentile(record.histogram, q))}" for q in (0.5, 0.95))
    return [
        visible(f"  {what}, up {duration(now - record.started_at)} (pid {record.pid})"),
        visible(f"    {numbers}  {times}{_last_error(instance, now)}"),
    ]


def _identity(instance: InstanceStatus, key: str) -> str:
    return str(instance.record.identity.get(key, "")) if instance.record else ""


def _last_error(instance: InstanceStatus, now: float) -> str:
    record = instance.record
    if record is None or record.error_at is None:
        return ""
    return f"; last error {duration(now - record.error_at)} ago: {visible(record.error)}"
