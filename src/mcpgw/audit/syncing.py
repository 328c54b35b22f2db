"""What of a journal the disk may not have yet. What a sync failed for is written anew: the kernel may have dropped it.

After a failed fsync(2) the kernel calls the pages clean, so another one would succeed and say nothing. Only lines that
are still in memory can be vouched for; they are kept until a sync has succeeded.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time

from mcpgw.files import fsync_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.paths import StateLayout

# From the first record that waits for it to the next sync, under GROUP: what a power cut can take of a journal.
GROUP_SECONDS = 0.05
RETRY_SECONDS = 1.0  # a disk that failed is asked again while no message comes
_FULL_FSYNC = getattr(fcntl, "F_FULLFSYNC", None)


def sync(descriptor: int) -> None:
    """Returns when the disk has what was written. Raises OSError."""
    if _FULL_FSYNC is not None:
        fcntl.fcntl(descriptor, _FULL_FSYNC)  # macOS: fsync leaves it in the drive's cache
    else:
        os.fdatasync(descriptor)


class Syncing:
    """Brings one open journal to the disk. `due` is when (monotonic seconds), None while nothing waits.

    descriptor: appends to `file` (relative to the audit directory), which is `length` bytes long.
    always: at each write, and not together with others.
    """

    __slots__ = ("_day", "_descriptor", "_failed", "_layout", "_lines", "_named", "_synced", "always", "due")

    def __init__(self, layout: StateLayout, file: str, descriptor: int, length: int) -> None:
        self.always = False
        self.due: float | None = None
        self._layout = layout
        self._day = os.path.dirname(file)
        self._descriptor = descriptor
        self._synced = length
        self._lines: list[bytes] = []
        self._failed = False
        self._named = False

    def follow(self, file: str, descriptor: int) -> Syncing:
        """The same for the file that goes on."""
        after = Syncing(self._layout, file, descriptor, 0)
        after.always = self.always
        return after

    def wrote(self, lines: bytes) -> None:
        """`lines` were appended. Raises OSError where they have to be on the disk and are not: they do not count."""
        self._lines.append(lines)
        if self.always or self._failed:
            try:
                self.sync()
            except OSError:
                self._lines.pop()
                raise
        elif self.due is None:
            self.due = time.monotonic() + GROUP_SECONDS

    def sync(self) -> None:
        """Raises OSError; the lines that wait are then written anew by the next sync."""
        self.due = None
        if self._named and not self._lines:
            return
        try:
            if self._failed:
                self._write_anew()
            if not self._named:
                self._sync_names()
                self._named = True
            sync(self._descriptor)
        except OSError:
            self._failed = True
            self.due = time.monotonic() + RETRY_SECONDS
            raise
        self._failed = False
        self._synced += sum(map(len, self._lines))
        self._lines.clear()

    def head_written(self) -> None:
        """heads.jsonl says more of this journal than the disk may have."""
        self._named = False

    def _write_anew(self) -> None:
        """The same bytes at the same place: nothing is cut off that a kill could lose."""
        lines = b"".join(self._lines)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, 0)  # O_APPEND would overrule the place
        try:
            written = os.pwrite(self._descriptor, lines, self._synced)
        finally:
            fcntl.fcntl(self._descriptor, fcntl.F_SETFL, os.O_APPEND)
        if written != len(lines):
            raise OSError(errno.ENOSPC, "the disk took only a part of what waited to be synced")

    def _sync_names(self) -> None:
        """The head that names the journal, and the names of both: without them the records would be nobody's."""
        descriptor = os.open(self._layout.heads_file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            sync(descriptor)
        finally:
            os.close(descriptor)
        for directory in (f"{self._layout.audit_dir}/{self._day}", self._layout.audit_dir, self._layout.root):
            fsync_dir(directory)
