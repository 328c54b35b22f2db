"""An instance's journal: every record is one write to the end of one file, chained to the record before it.

What is not in the kernel when `append` returns has raised: the caller forwards nothing that is not recorded. A killed
gateway loses nothing; what a power cut can take is a matter of policy (`settle`).
"""

from __future__ import annotations

import errno
import fcntl
import os
import time

from mcpgw.audit.chain import GENESIS, seal
from mcpgw.audit.heads import Head, append_head
from mcpgw.files import PRIVATE_FILE_MODE, make_private_dir
from mcpgw.policy.rule import ALWAYS, NEVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.audit.syncing import Syncing
    from mcpgw.paths import StateLayout

HEAD_EVERY = 1000  # records between two count heads: how much of a tail can be cut unseen while the instance lives
DAY_SECONDS = 86400
OPEN_WAIT_SECONDS = 1.0  # for the heads lock at open, rotation and close
COUNT_WAIT_SECONDS = 0.02  # on the path of a message: a busy lock is tried again at the next record


class Journal:
    """The writer of one instance's journal. `seq` is the number that the next record must carry (from 1)."""

    __slots__ = (
        "_count_due",
        "_fd",
        "_length",
        "_next_day",
        "_prev",
        "_records",
        "_syncing",
        "_torn",
        "file",
        "instance",
        "layout",
        "seq",
    )

    def __init__(self, layout: StateLayout, instance: str, now: float) -> None:
        self.layout = layout
        self.instance = instance
        self.seq = 1
        self.file = ""
        self._prev = GENESIS
        self._torn = False
        self._count_due = False
        self._fd = -1
        self._syncing: Syncing | None = None
        self._switch(now, "open")

    @classmethod
    def open(cls, layout: StateLayout, instance_id: str, *, now: float) -> Journal:
        """Creates today's file for the instance and its `open` head. Raises OSError."""
        return cls(layout, instance_id, now)

    @property
    def sync_due(self) -> float | None:
        """When `sync` has something to do, in monotonic seconds."""
        return self._syncing.due if self._syncing is not None else None

    def settle(self, fsync: str) -> None:
        """From the next record on: NEVER, GROUP (the caller calls `sync` when it is due) or ALWAYS."""
        if fsync == NEVER:
            self._syncing = None
            return
        from mcpgw.audit.syncing import Syncing

        waiting = self._syncing or Syncing(self.layout, self.file, self._fd, self._length)
        waiting.always = fsync == ALWAYS
        self._syncing = waiting

    def sync(self) -> None:
        """Brings what waits to the disk. Raises OSError, and keeps `append` closed, while that is not possible."""
        if self._syncing is not None:
            self._syncing.sync()

    def append(self, body: bytes, *, now: float) -> None:
        """Seals `body` (see record.encode: one JSON object, one line, no closing brace) and appends it.

        Raises OSError with the file as it was before: a later record never follows half a line.
        """
        if now >= self._next_day:
            self._switch(now, "rotate")
        if self._torn:
            self._restore()
        line, digest = seal(body, self._prev)
        self._write(line, 1, digest, now)

    def place_for_run(self, now: float) -> tuple[int, str] | None:
        """The number and the previous hash for lines that the caller seals; None while `append` has to go first."""
        return None if now >= self._next_day or self._torn or self._count_due else (self.seq, self._prev)

    def append_run(self, lines: bytes, count: int, digest: str, *, now: float) -> None:
        """Appends `count` sealed lines, from `place_for_run` on, in one write; as `append`. digest: of the last."""
        self._write(lines, count, digest, now)

    def _write(self, lines: bytes, count: int, digest: str, now: float) -> None:
        try:
            written = os.write(self._fd, lines)
        except OSError:
            self._restore()
            raise
        if written != len(lines):
            self._restore()
            raise OSError(errno.ENOSPC, "the disk took only a part of the record")
        if self._syncing is not None:
            self._bring(lines, self._syncing)
        self._length += written
        self._prev = digest
        before = self._records
        self._records += count
        self.seq += count
        if self._count_due or self._records // HEAD_EVERY > before // HEAD_EVERY:
            self._count(now)

    def close(self, now: float) -> None:
        """Writes the `close` head and drops the file. May be called twice; raises OSError after the file is dropped."""
        if self._fd < 0:
            return
        descriptor, self._fd = self._fd, -1
        try:
            self._head("close", now, OPEN_WAIT_SECONDS)
            self.sync()
        finally:
            os.close(descriptor)

    def _switch(self, now: float, event: str) -> None:
        """Goes on in the file of `now`'s day (UTC). File first, head second, records third: `verify` relies on it."""
        day = time.strftime("%Y-%m-%d", time.gmtime(now))
        file = f"{day}/{self.instance}.jsonl"
        path = f"{self.layout.audit_dir}/{file}"
        make_private_dir(f"{self.layout.audit_dir}/{day}")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, PRIVATE_FILE_MODE)
        try:
            # Held while the file is written to, so that pruning leaves its day alone.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if event == "open":
                self.file, self._records = file, 0
            self._head(event, now, OPEN_WAIT_SECONDS, file if event == "rotate" else "")
        except OSError:
            os.close(descriptor)
            os.unlink(path)
            raise
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self.file = descriptor, file
        self._records = self._length = 0
        self._count_due = False
        self._next_day = (int(now) // DAY_SECONDS + 1) * DAY_SECONDS
        if self._syncing is not None:
            self._syncing = self._syncing.follow(file, descriptor)

    def _count(self, now: float) -> None:
        """A count head; a failure is tried again at the next record, for the record itself is safely written."""
        try:
            self._head("count", now, COUNT_WAIT_SECONDS)
            self._count_due = False
        except OSError:
            self._count_due = True

    def _head(self, event: str, now: float, wait_seconds: float, next_file: str = "") -> None:
        """What a head counts is on the disk before it, where that is asked for at all: `verify` relies on it."""
        self.sync()
        head = Head(event, self.instance, self.file, self._records, self._prev, next_file)
        append_head(self.layout, head, now=now, wait_seconds=wait_seconds)
        if self._syncing is not None:
            self._syncing.head_written()

    def _bring(self, lines: bytes, syncing: Syncing) -> None:
        """Raises OSError where they are not on the disk and have to be: cut off again, as they do not count."""
        try:
            syncing.wrote(lines)
        except OSError:
            self._restore()
            raise

    def _restore(self) -> None:
        """Cuts a half-written line off. Raises OSError, and keeps `append` closed, while that is not possible."""
        self._torn = True
        os.ftruncate(self._fd, self._length)
        self._torn = False
