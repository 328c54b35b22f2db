"""A sink that never blocks: what the kernel does not take at once waits in a bounded queue."""

from __future__ import annotations

import _socket
import os
import select
import stat
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Above it the other side is not read any more: pressure goes back to whoever writes too fast.
HIGH_WATER_BYTES = 1024 * 1024
# POSIX: a pipe that polls writable takes this much without blocking.
SAFE_WRITE_BYTES = 512


class Outlet:
    """Frames on their way to one descriptor, in order. `broken` is set once the reader has gone."""

    __slots__ = ("_queue", "_write", "broken", "fd", "queued")

    def __init__(self, fd: int, write: Callable[[bytes | memoryview], int]) -> None:
        self.fd = fd
        self.queued = 0
        self.broken = False
        self._write = write
        self._queue: deque[memoryview] = deque()

    @property
    def crowded(self) -> bool:
        return self.queued > HIGH_WATER_BYTES

    def send(self, frame: bytes) -> None:
        """Writes the frame, or what can be written of it now."""
        if self.broken:
            return
        written = 0 if self._queue else self._try(frame)
        if written == len(frame) or self.broken:
            return
        rest = memoryview(frame)[written:]
        self._queue.append(rest)
        self.queued += len(rest)

    def flush(self) -> None:
        """Writes what waits, as far as the kernel takes it."""
        while self._queue:
            part = self._queue[0]
            written = self._try(part)
            if self.broken:
                return
            self.queued -= written
            if written < len(part):
                self._queue[0] = part[written:]
                if not written:
                    return
            else:
                self._queue.popleft()

    def lose_reader(self) -> None:
        """Its reader has gone, though nothing was written that would have shown it."""
        self._break()

    def close(self) -> None:
        """Closes the descriptor. What is sent later is dropped: the number may name another file by then."""
        self._break()
        os.close(self.fd)

    def _break(self) -> None:
        self.broken = True
        self._queue.clear()
        self.queued = 0

    def _try(self, part: bytes | memoryview) -> int:
        """How much of `part` the kernel took; 0 when it is full."""
        try:
            return self._write(part)
        except BlockingIOError:
            return 0
        except OSError:
            self._break()
            return 0


def own_pipe(fd: int) -> Outlet:
    """For our end of a pipe that is non-blocking already."""
    return Outlet(fd, lambda part: os.write(fd, part))


def inherited(fd: int) -> Outlet:
    """For a descriptor that other processes share: O_NONBLOCK must not be set on it, every dup would see it."""
    mode = os.fstat(fd).st_mode
    if stat.S_ISSOCK(mode):
        socket = _socket.socket(fileno=os.dup(fd))
        return Outlet(fd, lambda part: socket.send(part, _socket.MSG_DONTWAIT))
    if stat.S_ISFIFO(mode) and (reopened := _reopen(fd)) is not None:
        return Outlet(reopened, lambda part: os.write(reopened, part))
    if stat.S_ISREG(mode):
        return Outlet(fd, lambda part: os.write(fd, part))
    return Outlet(fd, _polled_write(fd))


def _reopen(fd: int) -> int | None:
    """The same pipe as an open file of our own (Linux), which may be non-blocking."""
    try:
        return os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None


def _polled_write(fd: int) -> Callable[[bytes | memoryview], int]:
    """Terminals, and systems without /proc: ask first, then write no more than is sure to be taken."""
    poller = select.poll()
    poller.register(fd, select.POLLOUT)

    def write(part: bytes | memoryview) -> int:
        if not poller.poll(0):
            raise BlockingIOError
        return os.write(fd, part[:SAFE_WRITE_BYTES])

    return write
