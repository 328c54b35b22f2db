"""`mcpgw metrics`: everything is counted from the journal, so that the numbers can be checked against it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from mcpgw.audit.query import Query, read
from mcpgw.audit.tally import PERCENTILES, Tally, exact_percentile, tally
from mcpgw.cli.filters import server_option, since_option
from mcpgw.cli.output import emit, json_option, table
from mcpgw.cli.places import layout
from mcpgw.cli.units import latency, moment, size

SCHEMA = "mcpgw.metrics/1"
TOP_TOOLS = 10
DIRECTIONS = ("to_server", "to_client")
TYPES = ("request", "notification", "result", "error", "broken")


@click.command("metrics")
@since_option
@server_option
@json_option
def command(since: float | None, server: str | None, as_json: bool) -> None:
    """Messages by type and direction, what was blocked and redacted, latency, top tools, findings by rule."""
    total = tally(line.record for line in read(layout(), Query(server=server, since=since)))
    emit(SCHEMA, payload(total, since=since, server=server), as_json, lambda: _text(total))


def payload(total: Tally, *, since: float | None, server: str | None) -> dict[str, Any]:
    """The metrics as JSON values; latencies in microseconds, times in epoch seconds."""
    return {
        "since": since,
        "server": server,
        "first_at": total.first_at,
        "last_at": total.last_at,
        "records": total.records,
        "bytes": total.bytes,
        "calls": total.calls,
        "messages": {way: {kind: total.messages[way, kind] for kind in TYPES} for way in DIRECTIONS},
        "decisions": dict(sorted(total.decisions.items())),
        "blocked": total.decisions["block"],
        "redacted": total.decisions["redact"],
        "refused": total.decisions["refuse"],
        "dropped": total.decisions["drop"],
        "alerts": total.decisions["alert"],
        "latency_us": {
            "count": sum(total.latencies.values()),
            **{f"p{round(q * 100)}": exact_percentile(total.latencies, q) for q in PERCENTILES},
        },
        "servers": dict(total.servers.most_common()),
        "tools": [
            {"server": server_name, "tool": tool, "calls": calls, "stopped": total.tools_stopped[server_name, tool]}
            for (server_name, tool), calls in total.tools.most_common(TOP_TOOLS)
        ],
        "findings": [
            {"rule": rule, "count": count, "actions": _actions(total, rule)}
            for rule, count in _by_rule(total).most_common()
        ],
    }


def _by_rule(total: Tally) -> Counter[str]:
    rules: Counter[str] = Counter()
    for (rule, _), count in total.findings.items():
        rules[rule] += count
    return rules


def _actions(total: Tally, rule: str) -> dict[str, int]:
    return {action: count for (each, action), count in sorted(total.findings.items()) if each == rule}


def _text(total: Tally) -> str:
    if not total.records or total.first_at is None or total.last_at is None:
        return "No records."
    decided = total.decisions
    times = ", ".join(f"p{round(q * 100)} {latency(exact_percentile(total.latencies, q))}" for q in PERCENTILES)
    parts = [
        f"{total.records} messages, {size(total.bytes)}, {total.calls} tool calls"
        f" from {moment(total.first_at)} to {moment(total.last_at)}",
        f"blocked {decided['block']}, redacted {decided['redact']}, refused {decided['refuse']},"
        f" dropped {decided['drop']}, alerts {decided['alert']}",
        f"time to answer: {times} ({sum(total.latencies.values())} answers)",
        "",
        table(([way, *(str(total.messages[way, kind]) for kind in TYPES)] for way in DIRECTIONS), ("", *TYPES)),
    ]
    parts += ["", _tools(total)] if total.tools else []
    parts += ["", _findings(total)] if total.findings else []
    return "\n".join(parts)


def _tools(total: Tally) -> str:
    rows = (
        (tool, server, str(calls), str(total.tools_stopped[server, tool]))
        for (server, tool), calls in total.tools.most_common(TOP_TOOLS)
    )
    return table(rows, ("TOOL", "SERVER", "CALLS", "STOPPED"))


def _findings(total: Tally) -> str:
    rows = (
        (rule, str(count), ", ".join(f"{action} {n}" for action, n in _actions(total, rule).items()))
        for rule, count in _by_rule(total).most_common()
    )
    return table(rows, ("RULE", "FINDINGS", "ACTIONS"))
