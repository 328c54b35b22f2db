"""A client's file is replaced only while it still holds what the plan was made from, whole or not at all.

Standard library only: the stand-alone rollback script carries this module.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from mcpgw.errors import EnvironmentFault
from mcpgw.files import fsync_dir, read_bytes, write_all

# Claude Code takes over a lock whose mtime is older than this, and so do we.
STALE_LOCK_SECONDS = 10.0
# Long enough to see a lock go stale that a killed client left behind.
LOCK_WAIT_SECONDS = 12.0
_POLL_SECONDS = 0.05
_TEMPORARY_MARK = ".mcpgw."


@dataclass(frozen=True, slots=True)
class Target:
    """The file that a path leads to, links followed, and what its replacement must keep."""

    path: str
    real: str
    mode: int
    owner: int
    group: int


@contextmanager
def client_lock(path: str, *, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """Holds the client's own lock, the directory `<path>.lock`. Raises EnvironmentFault when it stays taken."""
    lock = path + ".lock"
    deadline = time.monotonic() + wait_seconds
    while not _taken(lock, path):
        if time.monotonic() >= deadline:
            raise EnvironmentFault(f"{path} is locked by its client", "Close the client, or try again when it is idle.")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            os.rmdir(lock)


def target_of(path: str) -> Target:
    """Checks that the file can be replaced without harm. Raises EnvironmentFault."""
    real = os.path.realpath(path)
    try:
        found = os.stat(real)
    except OSError as error:
        raise _fault(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise EnvironmentFault(f"{path} is not a regular file", "It was left alone.")
    if found.st_nlink > 1:
        raise EnvironmentFault(
            f"{path} has {found.st_nlink} hard links; replacing it would part them",
            "Make it a file of its own (copy and rename), or a symbolic link.",
        )
    if not os.access(real, os.W_OK) or not os.access(os.path.dirname(real), os.W_OK):
        raise EnvironmentFault(f"{path} or its directory is read-only", "Give yourself the right to write.")
    return Target(path, real, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


def read_target(target: Target) -> bytes:
    """The file's bytes now. Raises EnvironmentFault."""
    try:
        return read_bytes(target.real)
    except OSError as error:
        raise _fault(target.path, error) from error


def replace_if_same(target: Target, old: bytes, new: bytes) -> bool:
    """Puts `new` in place if the file still holds `old`, and reads it back. Raises EnvironmentFault.

    False: somebody else wrote, before or right after. A crash leaves the old file or the new one, whole.
    """
    temporary = f"{target.real}{_TEMPORARY_MARK}{os.getpid()}.{os.urandom(6).hex()}.tmp"
    try:
        _write_like(target, temporary, new)
        try:
            if read_bytes(target.real) != old:
                os.unlink(temporary)
                return False
            os.replace(temporary, target.real)
        except OSError:
            os.unlink(temporary)
            raise
        fsync_dir(os.path.dirname(target.real))
        return read_bytes(target.real) == new
    except OSError as error:
        raise _fault(target.path, error) from error


def remove_leftovers(path: str) -> None:
    """Removes temporary files beside `path` that a killed install left; the caller is the only installer."""
    real = os.path.realpath(path)
    directory, name = os.path.split(real)
    with suppress(OSError):
        for each in os.listdir(directory):
            if each.startswith(name + _TEMPORARY_MARK) and each.endswith(".tmp"):
                os.unlink(os.path.join(directory, each))


def _taken(lock: str, path: str) -> bool:
    try:
        os.mkdir(lock)
        return True
    except FileExistsError:
        _drop_stale(lock)
        return False
    except OSError as error:
        raise _fault(path, error) from error


def _drop_stale(lock: str) -> None:
    with suppress(OSError):
        if time.time() - os.stat(lock).st_mtime > STALE_LOCK_SECONDS:
            os.rmdir(lock)


def _write_like(target: Target, temporary: str, content: bytes) -> None:
    """A new file beside the target, never readable by more people than the target is."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        try:
            write_all(descriptor, content)
            _own_like(target, temporary, descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        os.unlink(temporary)
        raise


def _own_like(target: Target, temporary: str, descriptor: int) -> None:
    made = os.fstat(descriptor)
    if made.st_uid != target.owner:
        os.chown(temporary, target.owner, -1)
    if made.st_gid != target.group:
        # A group that we are not in cannot be given; the mode then decides without it.
        with suppress(PermissionError):
            os.chown(temporary, -1, target.group)
    os.chmod(temporary, target.mode)


def _fault(path: str, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"{path} cannot be rewritten: {error.strerror}; it is as it was",
        "Make room or give the right to write there, and run it again.",
    )
