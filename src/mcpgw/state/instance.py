"""An instance's directory: a lock that the kernel drops when it dies, its status record, and a FIFO that wakes it.

Data plane: standard library only, and `count` is on the path of every message.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import stat
import struct
import time

from mcpgw.files import PRIVATE_DIR_MODE, PRIVATE_FILE_MODE, make_private_dir, write_all
from mcpgw.state import status
from mcpgw.state.status import StatusRecord, UnknownRecord, bucket, percentile
from mcpgw.values import NamedTuple
from mcpgw.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.paths import StateLayout

_native_add: Callable[[mmap.mmap, int, int, list[int]], None] | None
try:
    from mcpgw._native import add as _native_add
except ImportError:  # not built
    _native_add = None

__all__ = [
    "Identity",
    "Instance",
    "InstanceStatus",
    "StatusRecord",
    "open_instance",
    "percentile",
    "read_instance",
    "read_instances",
    "sweep",
]

READ_ATTEMPTS = 64  # a write takes about a microsecond, so a live record is whole within a few tries
FILES = ("lock", "status", "wake", "control", "stderr")


class Identity(NamedTuple):
    """Who an instance works for. `entry` is the opaque entry id ("" for an ad hoc run), `command` a base name only."""

    server: str
    entry: str
    profile: str = ""
    policy: str = ""
    command: str = ""
    audit_file: str = ""
    cwd: str = ""
    client: str = ""
    client_version: str = ""
    server_pid: int = 0
    mcpgw: str = VERSION


class Instance:
    """The writer of one instance's record; one per process. After `close` only `id` may be used."""

    __slots__ = ("_closed", "_identity", "_lock_fd", "_map", "_words", "id", "wake_fd")

    def __init__(self, instance: str, lock_fd: int, wake_fd: int, page: mmap.mmap) -> None:
        self.id = instance
        self.wake_fd = wake_fd
        self._lock_fd = lock_fd
        self._map = page
        self._words = memoryview(page).cast("Q")
        self._identity: dict[str, object] = {}
        self._closed = False

    def count(
        self,
        direction: str,
        kind: str,
        decision: str,
        nbytes: int,
        *,
        latency_us: int | None = None,
        is_call: bool = False,
    ) -> None:
        """Counts one message of `nbytes`, and its latency; KeyError for a direction or type that is not in the format.

        is_call: it is a tools/call.
        """
        cells = [status.MESSAGE_CELLS[direction, kind], 1, status.BYTES_CELLS[direction], nbytes]
        decided = status.DECISION_CELLS.get(decision)
        if decided is not None:
            cells += (decided, 1)
        if kind == "error":
            cells += (status.COUNTER_CELLS["errors"], 1)
        if latency_us is not None:
            cells += (status.HISTOGRAM + bucket(latency_us), 1)
        if is_call:
            cells += (status.COUNTER_CELLS["calls"], 1)
        self._add(cells)

    def count_requests(self, frames: int, nbytes: int, *, calls: int) -> None:
        """Counts requests of the client's that were allowed."""
        volume, called = status.BYTES_CELLS["to_server"], status.COUNTER_CELLS["calls"]
        self._add([status.MESSAGE_CELLS["to_server", "request"], frames, volume, nbytes, called, calls])

    def count_answers(self, frames: int, nbytes: int, *, errors: int, latencies_us: list[int]) -> None:
        """Counts answers of the server's that were allowed. errors: how many of them are errors."""
        cells = [status.MESSAGE_CELLS["to_client", "result"], frames - errors, status.BYTES_CELLS["to_client"], nbytes]
        for latency in latencies_us:
            cells += (status.HISTOGRAM + bucket(latency), 1)
        if errors:
            cells += (status.MESSAGE_CELLS["to_client", "error"], errors, status.COUNTER_CELLS["errors"], errors)
        self._add(cells)

    def restart(self) -> None:
        """Counts one restart of the server."""
        self._add([status.COUNTER_CELLS["restarts"], 1])

    def set_state(self, state: str, reason: str = "") -> None:
        """Moves to a lifecycle state; ValueError for one that is not in the format. `reason` must hold no secret."""
        code = status.STATES.index(state)
        words = self._words
        words[status.SEQUENCE] += 1
        words[status.STATE] = code
        words[status.STATE_SINCE] = words[status.UPDATED] = time.time_ns() // 1000
        status.REASON.pack(self._map, _encode(reason))
        words[status.SEQUENCE] += 1

    def set_error(self, text: str, now: float) -> None:
        """Keeps the last error, cut to 1.5 KiB; `text` must hold no secret."""
        words = self._words
        words[status.SEQUENCE] += 1
        words[status.ERROR_AT] = int(now * status.MICROSECONDS)
        status.ERROR.pack(self._map, _encode(text))
        words[status.SEQUENCE] += 1

    def describe(self, **updates: str | int) -> None:
        """Merges what became known (client, client_version, server_pid, policy, ...) into the identity."""
        self._identity.update(updates)
        encoded = status.encode_identity(self._identity)
        words = self._words
        words[status.SEQUENCE] += 1
        status.IDENTITY.pack(self._map, encoded)
        words[status.SEQUENCE] += 1

    def close(self) -> None:
        """Drops the lock; the record stays readable until it is swept. May be called twice."""
        if self._closed:
            return
        self._closed = True
        self._words.release()
        self._map.close()
        os.close(self.wake_fd)
        os.close(self._lock_fd)

    def _add(self, cells: list[int]) -> None:
        """cells: cell, amount, cell, amount ..."""
        if _native_add is not None:
            _native_add(self._map, status.SEQUENCE, status.UPDATED, cells)
            return
        words = self._words
        words[status.SEQUENCE] += 1
        for place in range(0, len(cells), 2):
            words[cells[place]] += cells[place + 1]
        words[status.UPDATED] = time.time_ns() // 1000
        words[status.SEQUENCE] += 1


class InstanceStatus(NamedTuple):
    """An instance as another process sees it: alive while its lock is held.

    `record` is None where it cannot be read, and `problem` says why; `torn` marks a page that was being written
    (its writer was killed or stopped in the middle), whose numbers may be off by one message.
    """

    id: str
    alive: bool
    record: StatusRecord | None
    problem: str = ""
    torn: bool = False


def open_instance(layout: StateLayout, identity: Identity, *, now: float) -> Instance:
    """Makes the instance's directory, takes its lock and maps its record (state `starting`). Raises OSError.

    The directory appears under its name only when all three files are in place and the lock is held.
    """
    name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}-{os.getpid()}-{os.urandom(2).hex()}"
    building = f"{layout.instances_dir}/.{name}"
    make_private_dir(layout.instances_dir)
    os.mkdir(building, PRIVATE_DIR_MODE)
    opened: list[int] = []
    try:
        opened.append(lock_fd := _create(f"{building}/lock"))
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        page = _map_page(f"{building}/status", now)
        os.mkfifo(f"{building}/wake", PRIVATE_FILE_MODE)
        # Open for both ends: with a writer of its own the FIFO never reports a hang-up to poll.
        opened.append(wake_fd := os.open(f"{building}/wake", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
        os.rename(building, layout.instance_dir(name))
    except OSError:
        for descriptor in opened:
            os.close(descriptor)
        _remove(building)
        raise
    instance = Instance(name, lock_fd, wake_fd, page)
    instance.describe(**identity._asdict())
    return instance


def read_instances(layout: StateLayout) -> tuple[InstanceStatus, ...]:
    """Every instance that left a directory, oldest first, live or dead."""
    return tuple(read_instance(layout, name) for name in _names(layout) if not name.startswith("."))


def read_instance(layout: StateLayout, name: str) -> InstanceStatus:
    """One instance; what cannot be read is said in `problem`."""
    directory = layout.instance_dir(name)
    alive = _held(f"{directory}/lock")
    try:
        page, torn = _copy(f"{directory}/status")
        return InstanceStatus(name, alive, status.decode(page), torn=torn)
    except OSError as error:
        return InstanceStatus(name, alive, None, f"status record cannot be read: {error.strerror}")
    except UnknownRecord as unknown:
        return InstanceStatus(name, alive, None, str(unknown))


def sweep(layout: StateLayout, now: float, keep_seconds: float) -> tuple[str, ...]:
    """Removes the directories of instances that are dead for longer than `keep_seconds`; their names."""
    swept = []
    for name in _names(layout):
        directory = layout.instance_dir(name)
        if not _held(f"{directory}/lock") and now - _last_sign(directory) > keep_seconds:
            _remove(directory)
            swept.append(name)
    return tuple(swept)


def _names(layout: StateLayout) -> list[str]:
    try:
        return sorted(os.listdir(layout.instances_dir))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _create(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE_MODE)


def _map_page(path: str, now: float) -> mmap.mmap:
    page = bytearray(status.RECORD_BYTES)
    page[: len(status.MAGIC)] = status.MAGIC
    started = int(now * status.MICROSECONDS)
    words = (status.VERSION, 0, os.getpid(), _process_start(), started, started, 0)
    struct.pack_into("=7Q", page, status.VERSION_WORD * 8, *words)
    struct.pack_into("=Q", page, status.STATE_SINCE * 8, started)
    descriptor = _create(path)
    try:
        # Written, not truncated to size: a hole would turn a full disk into SIGBUS at the first count.
        write_all(descriptor, bytes(page))
        return mmap.mmap(descriptor, status.RECORD_BYTES)
    finally:
        os.close(descriptor)


def _process_start() -> int:
    """This process's start in clock ticks since boot (proc(5), stat field 22), 0 where there is no /proc."""
    try:
        descriptor = os.open("/proc/self/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        # The command name may hold spaces and brackets; the last bracket ends it.
        return int(os.read(descriptor, 4096).rpartition(b")")[2].split()[19])
    finally:
        os.close(descriptor)


def _held(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _copy(path: str) -> tuple[bytes, bool]:
    """The page, and whether it was still being written after every attempt."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        page = b""
        for _ in range(READ_ATTEMPTS):
            before = os.pread(descriptor, 8, status.SEQUENCE_OFFSET)
            page = os.pread(descriptor, status.RECORD_BYTES, 0)
            after = os.pread(descriptor, 8, status.SEQUENCE_OFFSET)
            if before == after and len(after) == 8 and struct.unpack("=Q", after)[0] % 2 == 0:
                return page, False
        return page, True
    finally:
        os.close(descriptor)


def _last_sign(directory: str) -> float:
    """When the instance last wrote its record, else when its directory last changed; 0 when that is gone too."""
    try:
        return status.decode(_copy(f"{directory}/status")[0]).updated_at
    except (OSError, UnknownRecord):
        try:
            return os.stat(directory).st_mtime
        except OSError:
            return 0.0


def _remove(directory: str) -> None:
    """Removes an instance's directory as far as it can; only the files that belong there."""
    try:
        if not stat.S_ISDIR(os.lstat(directory).st_mode):
            return
        for name in FILES:
            if os.path.lexists(f"{directory}/{name}"):
                os.unlink(f"{directory}/{name}")
        os.rmdir(directory)
    except OSError:
        # Another sweep was quicker, or a foreign file lies there: the next sweep looks again.
        return


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
