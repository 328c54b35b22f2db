"""Reading journals back: a stream of records, filtered, in bounded memory. Reading checks nothing; `verify` does.

A last line without its end is one that is being written, or that a killed process left; it is passed over.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import nlargest
from typing import Any

from mcpgw.audit.days import day_files, days, journal_files
from mcpgw.paths import StateLayout

WINDOW = 65536  # bytes read at once when looking for a journal's last newline
NOT_DELIVERED = frozenset({"block", "refuse", "drop"})

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One journal line: its bytes without the newline, and what they say."""

    file: str
    raw: bytes
    record: Record

    @property
    def at(self) -> float:
        """Epoch seconds of the record, 0 where it names no number."""
        at = self.record.get("at")
        return at if isinstance(at, int | float) else 0.0


@dataclass(frozen=True, slots=True)
class Query:
    """Which records are wanted; None means any. `since`: epoch seconds.  `server`: a server's name or an entry id.

    `blocked`: only messages that were not delivered (block, refuse, drop).  `instance`: whose journals are read at all.
    `ref`: of the record, or of a finding in it.
    """

    server: str | None = None
    tool: str | None = None
    since: float | None = None
    direction: str | None = None
    blocked: bool = False
    instance: str | None = None
    ref: str | None = None

    def wants(self, line: Line) -> bool:
        record = line.record
        return (
            (self.server is None or self.server in (record.get("server"), record.get("entry")))
            and (self.tool is None or record.get("tool") == self.tool)
            and (self.since is None or line.at >= self.since)
            and (self.direction is None or record.get("direction") == self.direction)
            and (not self.blocked or record.get("decision") in NOT_DELIVERED)
            and (self.ref is None or self.ref in _refs(record))
        )


def read(layout: StateLayout, query: Query, ends: Mapping[str, int] | None = None) -> Iterator[Line]:
    """The wanted records, day by day and instance by instance, up to `ends` where given (see `journal_ends`).

    Raises OSError for a journal that cannot be read.
    """
    holding = (query.ref or "").encode()
    first = time.strftime("%Y-%m-%d", time.gmtime(query.since)) if query.since is not None else ""
    for day in days(layout):
        if day < first:
            continue
        for file in day_files(layout, day):
            if query.instance is not None and not os.path.basename(file).startswith(query.instance):
                continue
            for offset, line in _lines(layout, file, holding=holding):
                if ends is not None and offset > ends.get(file, 0):
                    break
                if line is not None and query.wants(line):
                    yield line


def findings_of(record: Record) -> list[dict[str, Any]]:
    listed = record.get("findings")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _refs(record: Record) -> list[Any]:
    return [record.get("ref"), *(each.get("ref") for each in findings_of(record))]


def latest(lines: Iterable[Line], limit: int) -> list[Line]:
    """The `limit` newest lines, oldest first; holds no more than that in memory."""
    newest = nlargest(limit, enumerate(lines), key=lambda numbered: (numbered[1].at, numbered[0]))
    return [line for _, line in reversed(newest)]


def journal_ends(layout: StateLayout) -> dict[str, int]:
    """Journal -> the bytes up to the end of its last complete line, now."""
    return {file: _whole_length(f"{layout.audit_dir}/{file}") for file in journal_files(layout)}


def follow(layout: StateLayout, query: Query, ends: Mapping[str, int], wait: Callable[[], bool]) -> Iterator[Line]:
    """The wanted records that are appended behind `ends`. `wait` sleeps until the next look; False ends it."""
    offsets = dict(ends)
    while wait():
        for file in journal_files(layout):
            for offset, line in _lines(layout, file, offsets.get(file, 0)):
                offsets[file] = offset
                if line is not None and query.wants(line):
                    yield line


def _lines(
    layout: StateLayout, file: str, offset: int = 0, *, holding: bytes = b""
) -> Iterator[tuple[int, Line | None]]:
    """(where it ends, the line) for each complete line from `offset` on; None for one that is no record.

    holding: lines without it are not looked at, and come as None too.
    """
    try:
        source = open(f"{layout.audit_dir}/{file}", "rb")  # noqa: SIM115 - closed by the with below
    except FileNotFoundError:
        return  # pruned since it was listed
    with source:
        source.seek(offset)
        for raw in source:
            if not raw.endswith(b"\n"):
                return
            offset += len(raw)
            yield offset, _parse(file, raw[:-1]) if holding in raw else None


def _parse(file: str, raw: bytes) -> Line | None:
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return Line(file, raw, record) if isinstance(record, dict) else None


def _whole_length(path: str) -> int:
    """The bytes up to the end of the last complete line."""
    try:
        with open(path, "rb") as source:
            end = source.seek(0, os.SEEK_END)
            while end > 0:
                start = max(end - WINDOW, 0)
                source.seek(start)
                newline = source.read(end - start).rfind(b"\n")
                if newline >= 0:
                    return start + newline + 1
                end = start
    except FileNotFoundError:
        return 0
    return 0
