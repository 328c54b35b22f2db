"""Who writes a file in place is known to Linux: a lease on it is had only while nobody has it open for writing.

Whoever opens it so while the lease is held waits in the kernel, and the holder can ask whether somebody waits. On other
systems, and on file systems without leases, nothing is known and all goes on as if nobody wrote.
Standard library only: the stand-alone rollback script carries this module.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mcpgw.files import temporary_beside

if sys.platform == "linux":
    import fcntl

# Writing in place takes milliseconds; who keeps the file open for longer is not waited for.
WRITER_SECONDS = 2.0
_POLL_SECONDS = 0.01


class Lease:
    """A file that is open for reading.  held: whether there is a lease on it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.held = False

    def take(self) -> bool:
        """False while somebody has the file open for writing. Where there are no leases nobody ever has."""
        if sys.platform != "linux":
            return True
        try:
            # By default the kernel says by SIGIO that somebody waits, which would end this process.
            fcntl.fcntl(self._descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(self._descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return error.errno != errno.EAGAIN
        self.held = True
        return True

    def wanted(self) -> bool:
        """Whether somebody has come since it was taken and waits to open the file for writing."""
        return self.held and fcntl.fcntl(self._descriptor, fcntl.F_GETLEASE) != fcntl.F_RDLCK

    def outwait(self) -> bool:
        """Takes it as soon as nobody has the file open for writing; False when somebody keeps it open."""
        until = time.monotonic() + WRITER_SECONDS
        while not self.take():
            if time.monotonic() >= until:
                return False
            time.sleep(_POLL_SECONDS)
        return True


@contextmanager
def leased(path: str) -> Iterator[Lease]:
    """The lease on the file that lies at `path` now, not yet taken; let go at the end. Raises OSError."""
    if os.name == "nt":
        # There an open file cannot be replaced.
        yield Lease(-1)
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        yield Lease(descriptor)
    finally:
        os.close(descriptor)


def rename_over(temporary: str, path: str, lease: Lease) -> bool:
    """Renames it over the leased file, unless somebody waits to write that: they find it in its place.

    Raises OSError.
    """
    kept = _second_name(path) if lease.held else None
    try:
        if lease.wanted():
            return False
        os.replace(temporary, path)
        if kept is None or not lease.wanted():
            return True
        os.replace(kept, path)
        return False
    finally:
        if kept is not None:
            with suppress(OSError):
                os.unlink(kept)


def _second_name(path: str) -> str | None:
    name = temporary_beside(path)
    try:
        os.link(path, name)
    except OSError:
        # There are file systems where a file has but one.
        return None
    return name
