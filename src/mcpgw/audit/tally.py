"""What the journal adds up to: the same numbers as the instances' own counters, from the records alone. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcpgw.audit.query import Record
from mcpgw.audit.record import ACTION

CALL = "tools/call"
PERCENTILES = (0.5, 0.95, 0.99)


@dataclass(slots=True)
class Tally:
    """Counts over a stream of records. `latencies` counts each latency in microseconds that a record names."""

    records: int = 0
    bytes: int = 0
    calls: int = 0
    first_at: float | None = None
    last_at: float | None = None
    messages: Counter[tuple[str, str]] = field(default_factory=Counter)  # (direction, type)
    decisions: Counter[str] = field(default_factory=Counter)
    tools: Counter[tuple[str, str]] = field(default_factory=Counter)  # (server, tool)
    tools_stopped: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)  # (rule, action)
    servers: Counter[str] = field(default_factory=Counter)
    latencies: Counter[int] = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        """Counts one message's record; a person's action is none, and fields of another type are left out."""
        if record.get("type") == ACTION:
            return
        self.records += 1
        self.messages[_text(record, "direction"), _text(record, "type")] += 1
        self.decisions[_text(record, "decision")] += 1
        self.servers[_text(record, "server")] += 1
        self.bytes += _number(record, "bytes") or 0
        latency = _number(record, "latency_us")
        if latency is not None:
            self.latencies[latency] += 1
        self._add_call(record)
        self._add_findings(record)
        self._add_time(record)

    def _add_call(self, record: Record) -> None:
        if record.get("method") != CALL or record.get("type") != "request":
            return
        self.calls += 1
        tool = (_text(record, "server"), _text(record, "tool"))
        self.tools[tool] += 1
        if record.get("decision") in ("block", "refuse", "drop"):
            self.tools_stopped[tool] += 1

    def _add_findings(self, record: Record) -> None:
        findings = record.get("findings")
        for finding in findings if isinstance(findings, list) else ():
            if isinstance(finding, dict):
                self.findings[_text(finding, "rule"), _text(finding, "action")] += 1

    def _add_time(self, record: Record) -> None:
        at = record.get("at")
        if isinstance(at, int | float):
            self.first_at = at if self.first_at is None else min(self.first_at, at)
            self.last_at = at if self.last_at is None else max(self.last_at, at)


def tally(records: Iterable[Record]) -> Tally:
    """Adds up a stream of records."""
    total = Tally()
    for record in records:
        total.add(record)
    return total


def exact_percentile(counts: Mapping[int, int], q: float) -> int | None:
    """The smallest counted value that a share `q` in 0..1 stays within (nearest rank); None for no counts."""
    total = sum(counts.values())
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= q * total:
            return value
    return None


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""


def _number(record: Mapping[str, Any], key: str) -> int | None:
    value = record.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
