"""Processes as the kernel shows them; one that has ended and waits to be reaped is gone."""

from __future__ import annotations

import os
import time
from pathlib import Path


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


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
