"""heads.jsonl: a chain of its own that says which journals exist and how far each had come. Appended under a lock.

A head is an outside witness for a journal's tail: a cut journal is found against the last head that counted it. A cut
of heads.jsonl together with the journals it names is found only against a copy kept elsewhere.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time

from mcpgw.audit.chain import GENESIS, seal
from mcpgw.files import PRIVATE_FILE_MODE
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.paths import StateLayout

HEAD_VERSION = 1
SEEN = "seen"  # never in heads.jsonl: how far a journal had come when someone looked
TAIL_BYTES = 4096  # a head is about 350 bytes; a prune head that names many files is read in doubled windows
LOCK_STEP_SECONDS = 0.001  # the lock is held for one read and one write


class Head(NamedTuple):
    """One checkpoint: after `records` records `file` ended with `last_hash`.

    event: "open", "count", "rotate" (`next` is the file that goes on), "close", or "prune" (`files` lists what was
    deleted from the day directory `file`).  file: relative to the audit directory.
    """

    event: str
    instance: str
    file: str
    records: int
    last_hash: str
    next: str = ""
    files: tuple[str, ...] = ()


def append_head(layout: StateLayout, head: Head, *, now: float, wait_seconds: float) -> None:
    """Seals and appends one head with one write. Raises OSError (EAGAIN: the lock was not free in `wait_seconds`)."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(layout.heads_file, flags, PRIVATE_FILE_MODE)
    try:
        _lock(descriptor, wait_seconds)
        length = os.fstat(descriptor).st_size
        last, torn = _last_line(descriptor, length)
        seq, prev = _link(last)
        line, _ = seal(_body(head, seq + 1, now, torn), prev)
        _write_line(descriptor, b"\n" + line if torn else line, length)
    finally:
        os.close(descriptor)  # drops the lock


def _lock(descriptor: int, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(LOCK_STEP_SECONDS)


def _last_line(descriptor: int, length: int) -> tuple[bytes, int]:
    """The last complete line, and the length of the torn one after it that a killed writer left (0: none)."""
    window = TAIL_BYTES
    while True:
        start = max(length - window, 0)
        tail = os.pread(descriptor, length - start, start)
        complete, newline, torn = tail.rpartition(b"\n")
        if start == 0 or (newline and b"\n" in complete):
            return complete.rpartition(b"\n")[2], len(torn)
        window *= 2


def _link(last: bytes) -> tuple[int, str]:
    """(seq, hash) to go on from. A last line that is no head cannot stop the gateway: `verify` will point at it."""
    try:
        head = json.loads(last)
        return int(head["seq"]), str(head["hash"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0, GENESIS


def _body(head: Head, seq: int, now: float, torn: int) -> bytes:
    """The head as JSON without its closing brace, which the seal adds."""
    fields: dict[str, object] = {
        "v": HEAD_VERSION,
        "seq": seq,
        "at": now,
        "event": head.event,
        "instance": head.instance,
        "file": head.file,
        "records": head.records,
        "last_hash": head.last_hash,
    }
    if head.next:
        fields["next"] = head.next
    if head.files:
        fields["files"] = head.files
    if torn:
        fields["torn"] = torn
    return json.dumps(fields, separators=(",", ":")).encode()[:-1]


def _write_line(descriptor: int, line: bytes, length: int) -> None:
    try:
        written = os.write(descriptor, line)
    except OSError:
        os.ftruncate(descriptor, length)
        raise
    if written != len(line):
        os.ftruncate(descriptor, length)
        raise OSError(errno.ENOSPC, "the disk took only a part of the head")
