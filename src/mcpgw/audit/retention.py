"""The audit directory has a cap, by age and by size: whole days go, oldest first, and heads.jsonl says which.

Today's journals and those that a live instance writes to are never deleted, whatever the cap says.
"""

from __future__ import annotations

import fcntl
import os
import time

from mcpgw.audit.chain import GENESIS
from mcpgw.audit.days import SUFFIX, day_files, days
from mcpgw.audit.heads import Head, append_head
from mcpgw.audit.journal import DAY_SECONDS, OPEN_WAIT_SECONDS
from mcpgw.files import PRIVATE_FILE_MODE
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.paths import StateLayout

KEEP_DAYS = 90
LOG_DAYS = 30  # diagnostics tell of the recent past
MAX_BYTES = 1 << 30
WARN_SHARE = 0.8  # of the size cap: time to raise it or to export before days are lost


class PruneReport(NamedTuple):
    """What went (or would go) and what stayed. `near_cap`: the rest is over 80 % of the size cap.

    `held` lists the days that were due and stayed because a live instance writes to them.
    """

    days: tuple[str, ...]
    files: int
    freed_bytes: int
    kept_bytes: int
    held: tuple[str, ...]
    near_cap: bool


class _Day(NamedTuple):
    name: str
    files: tuple[str, ...]
    size: int


def prune(
    layout: StateLayout,
    *,
    keep_days: int = KEEP_DAYS,
    max_bytes: int = MAX_BYTES,
    now: float,
    dry_run: bool = False,
) -> PruneReport:
    """Deletes the days that are too old, then the oldest until the rest fits `max_bytes`. Raises OSError."""
    measured = [_measure(layout, day) for day in days(layout)]
    kept = sum(day.size for day in measured)
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    oldest = time.strftime("%Y-%m-%d", time.gmtime(now - keep_days * DAY_SECONDS))
    gone: list[_Day] = []
    held: list[str] = []
    for day in measured:
        if day.name >= today or (day.name >= oldest and kept <= max_bytes):
            continue
        if _written_to(layout, day):
            held.append(day.name)
            continue
        if not dry_run:
            _delete(layout, day, now)
        gone.append(day)
        kept -= day.size
    return PruneReport(
        days=tuple(day.name for day in gone),
        files=sum(len(day.files) for day in gone),
        freed_bytes=sum(day.size for day in gone),
        kept_bytes=kept,
        held=tuple(held),
        near_cap=kept > max_bytes * WARN_SHARE,
    )


def usage(layout: StateLayout) -> int:
    """The bytes that all journals take. Raises OSError."""
    return sum(_measure(layout, day).size for day in days(layout))


def upkeep(
    layout: StateLayout, *, now: float, keep_days: int = KEEP_DAYS, max_bytes: int = MAX_BYTES
) -> PruneReport | None:
    """Prunes journals and logs to the caps, at most once a day; None if nothing was due. Raises OSError."""
    if not os.path.isdir(layout.audit_dir):
        return None  # nothing was ever recorded
    stamp = f"{layout.audit_dir}/pruned"
    try:
        if now - os.stat(stamp).st_mtime < DAY_SECONDS:
            return None
    except FileNotFoundError:
        pass
    os.close(os.open(stamp, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE_MODE))
    os.utime(stamp, (now, now))  # before the work: two instances that start together need not both do it
    prune_logs(layout, now=now)
    return prune(layout, keep_days=keep_days, max_bytes=max_bytes, now=now)


def prune_logs(layout: StateLayout, *, keep_days: int = LOG_DAYS, now: float) -> tuple[str, ...]:
    """Deletes diagnostics files older than `keep_days`; their names. Raises OSError."""
    oldest = time.strftime("%Y-%m-%d", time.gmtime(now - keep_days * DAY_SECONDS))
    try:
        names = os.listdir(layout.log_dir)
    except FileNotFoundError:
        return ()
    old = tuple(sorted(name for name in names if name.endswith(SUFFIX) and name[:1].isdigit() and name < oldest))
    for name in old:
        _unlink(f"{layout.log_dir}/{name}")
    return old


def _measure(layout: StateLayout, day: str) -> _Day:
    files = tuple(day_files(layout, day))
    size = 0
    for file in files:
        try:
            size += os.stat(f"{layout.audit_dir}/{file}").st_size
        except FileNotFoundError:
            continue  # another prune was quicker
    return _Day(day, files, size)


def _written_to(layout: StateLayout, day: _Day) -> bool:
    return any(_locked(f"{layout.audit_dir}/{file}") for file in day.files)


def _locked(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _delete(layout: StateLayout, day: _Day, now: float) -> None:
    """Head first: a crash in between leaves journals that were announced as gone, which is no fault."""
    names = tuple(os.path.basename(file) for file in day.files)
    head = Head("prune", "", day.name, 0, GENESIS, files=names)
    append_head(layout, head, now=now, wait_seconds=OPEN_WAIT_SECONDS)
    for file in day.files:
        _unlink(f"{layout.audit_dir}/{file}")
    try:
        os.rmdir(f"{layout.audit_dir}/{day.name}")
    except OSError:
        return  # something that is not ours lies in it


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return  # another process was quicker
