"""Processes as the kernel shows them; one that has ended and waits to be reaped is gone."""

from __future__ import annotations

import os
import time
from pathlib import Path


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def guardian_of(gateway: int) -> int:
    """The first process that a gateway forks."""
    return children(gateway)[0]


def started_by(gateway: int) -> list[int]:
    """Whose parent the gateway's guardian is: its server, and what has lost its own parent."""
    return children(guardian_of(gateway))


def gone(pids: list[int], seconds: float) -> bool:
    """Whether all have ended before `seconds` are over."""
    until = time.monotonic() + seconds
    while any(map(_alive, pids)) and time.monotonic() < until:
        os.sched_yield()
    return not any(map(_alive, pids))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def marked(mark: str) -> list[int]:
    """Who was started with `mark` in the environment, however far down."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _bears(entry, mark)]


def _bears(process: Path, mark: str) -> bool:
    try:
        return mark.encode() in (process / "environ").read_bytes()
    except OSError:
        return False
