"""Reading the diagnostics files back; what is no event is passed over."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mcpgw.audit.diagnostics import LEVELS
from mcpgw.paths import StateLayout

_DAY_FILE = re.compile(r"\d{4}-\d{2}-\d{2}\.jsonl\Z")

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Events of at least `level`, from `since` (epoch seconds, None: from the first) on."""

    level: str = "debug"
    since: float | None = None

    def holds(self, event: Event) -> bool:
        at = event.get("at")
        return LEVELS.get(str(event.get("level")), 0) >= LEVELS[self.level] and (
            self.since is None or (isinstance(at, int | float) and at >= self.since)
        )


def log_ends(layout: StateLayout) -> dict[str, int]:
    """Log file -> its length in bytes, now."""
    return {name: os.stat(f"{layout.log_dir}/{name}").st_size for name in _files(layout)}


def read_events(layout: StateLayout, wanted: Wanted, ends: dict[str, int]) -> Iterator[Event]:
    """The wanted events, oldest first, up to `ends`. Raises OSError for a file that cannot be read."""
    first = time.strftime("%Y-%m-%d", time.gmtime(wanted.since)) if wanted.since is not None else ""
    for name, end in sorted(ends.items()):
        if name >= first:
            yield from (event for offset, event in _events(layout, name, 0) if offset <= end and wanted.holds(event))


def follow_events(
    layout: StateLayout, wanted: Wanted, ends: dict[str, int], wait: Callable[[], bool]
) -> Iterator[Event]:
    """The wanted events that are appended behind `ends`. `wait` sleeps until the next look; False ends it."""
    offsets = dict(ends)
    while wait():
        for name in _files(layout):
            for offset, event in _events(layout, name, offsets.get(name, 0)):
                offsets[name] = offset
                if wanted.holds(event):
                    yield event


def _files(layout: StateLayout) -> list[str]:
    try:
        return sorted(name for name in os.listdir(layout.log_dir) if _DAY_FILE.match(name))
    except FileNotFoundError:
        return []


def _events(layout: StateLayout, name: str, offset: int) -> Iterator[tuple[int, Event]]:
    """(where its line ends, the event) for each whole line from `offset` on."""
    try:
        source = open(f"{layout.log_dir}/{name}", "rb")  # noqa: SIM115 - closed by the with below
    except FileNotFoundError:
        return  # deleted since it was listed
    with source:
        source.seek(offset)
        for raw in source:
            if not raw.endswith(b"\n"):
                return
            offset += len(raw)
            try:
                event = json.loads(raw)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                yield offset, event
