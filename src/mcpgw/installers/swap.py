"""A client's file is replaced only while it still holds what the plan was made from, whole or not at all.

All that takes time is done before the client's lock is taken and after it is let go: under it the file is read,
compared and renamed over. The lock is advisory (the client goes on without it after some seconds), so the comparison
decides.
Standard library only: the stand-alone rollback script carries this module.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace

from mcpgw.errors import EnvironmentFault
from mcpgw.files import fsync_dir, read_bytes, temporary_beside, temporary_writer, write_all
from mcpgw.installers.lease import leased, rename_over

# Claude Code takes over a lock whose mtime is older than this, and so do we.
STALE_LOCK_SECONDS = 10.0
# Long enough to see a lock go stale that a killed client left behind.
LOCK_WAIT_SECONDS = 12.0
_POLL_SECONDS = 0.02
# What takes longer to read and compare is done before the lock is taken: the client is to wait milliseconds.
_BRIEF_BYTES = 1 << 20
# The coarsest clock of a file system in use (FAT): of two writes within it the second may leave no trace in the times.
_CLOCK_SECONDS = 2.0
# Directories that a package manager fills: what lies there is replaced by building it anew.
_STORES = ("/nix/store/", "/gnu/store/")
_LEAVE_OUT = "or leave it out with --keep-going"
# Far more than any label or access list; a file with more keeps these.
_MAX_ATTRIBUTES = 64


class Locked(EnvironmentFault):
    """The client, or something that looks like it, holds its lock, or somebody has the file open for writing."""


@dataclass(frozen=True, slots=True)
class Target:
    """The file that a path leads to, links followed, and what its replacement must keep.

    lock_until: when to give up on the client's lock (monotonic), in all attempts together; None where it takes none.
    """

    path: str
    real: str
    mode: int
    owner: int
    group: int
    lock_until: float | None = None


@contextmanager
def held(target: Target) -> Iterator[Target]:
    """Holds the target's lock, where its client takes one; yields the target as it is then. Raises as `client_lock`."""
    if target.lock_until is None:
        yield target
        return
    with client_lock(target.path, until=target.lock_until):
        yield replace(target, lock_until=None)


@contextmanager
def client_lock(path: str, *, until: float) -> Iterator[None]:
    """Holds the client's own lock, the directory `<path>.lock`. Raises EnvironmentFault, as Locked when it stays taken.

    It is not refreshed while held: a read, a comparison and a rename are over long before it counts as stale.
    """
    lock = path + ".lock"
    while not _taken(lock, path):
        if time.monotonic() >= until:
            raise Locked(f"{path} is locked by its client", "Close the client, or try again when it is idle.")
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        _let_go(lock)


def target_of(path: str, *, locked: bool = False) -> Target:
    """Checks that the file can be replaced without harm; locked: its lock lies beside it. Raises EnvironmentFault."""
    real = os.path.realpath(path)
    try:
        found = os.stat(real)
    except FileNotFoundError as error:
        if os.path.islink(path):
            raise EnvironmentFault(f"{path} is a link to {real}, which is not there", "Mend the link.") from error
        raise _fault(path, error) from error
    except OSError as error:
        raise _fault(path, error) from error
    _require_replaceable(path, real, found)
    _require_writable(path, [real, os.path.dirname(real), *([os.path.dirname(path)] if locked else [])])
    until = lock_deadline() if locked else None
    return Target(path, real, stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid, until)


def read_target(target: Target) -> bytes:
    """The file's bytes now. Raises EnvironmentFault."""
    try:
        return read_bytes(target.real)
    except OSError as error:
        raise _fault(target.path, error) from error


def lock_deadline() -> float:
    """When to give up on a lock that is waited for from now on (monotonic)."""
    return time.monotonic() + LOCK_WAIT_SECONDS


def replace_if_same(target: Target, old: bytes, new: bytes) -> bool:
    """Puts `new` in place if the file still holds `old`, under the target's lock, and reads it back.

    False: somebody else wrote, or is about to. A crash leaves the old file or the new one, whole. Raises
    EnvironmentFault, as Locked with the file as it was.
    """
    _require_closed(target)
    try:
        if not _swapped(target, old, new):
            return False
    except OSError as error:
        raise _fault(target.path, error) from error
    try:
        fsync_dir(os.path.dirname(target.real))
        return read_bytes(target.real) == new
    except OSError as error:
        raise EnvironmentFault(
            f"{target.path} was rewritten but cannot be read again: {error.strerror}", "Look at it, then run it again."
        ) from error


def remove_leftovers(path: str) -> None:
    """Removes temporary files beside `path` that a killed install left; the caller is the only installer."""
    with suppress(OSError):
        for each in _leftovers(os.path.realpath(path)):
            os.unlink(each)


def _leftovers(real: str) -> list[str]:
    directory, name = os.path.split(real)
    written = [(each, temporary_writer(each)) for each in os.listdir(directory)]
    return [os.path.join(directory, each) for each, writer in written if writer is not None and writer[0] == name]


def outwait_lock(path: str) -> None:
    """Sees to it that no lock of a killed command stays: waits while a fresh one is there. Raises EnvironmentFault."""
    if os.path.isdir(path + ".lock"):
        # A client that holds it for so long is alive, and lets it go itself.
        with suppress(Locked), client_lock(path, until=lock_deadline()):
            pass


def _taken(lock: str, path: str) -> bool:
    try:
        os.mkdir(lock)
        return True
    except FileExistsError:
        _drop_stale(lock)
        return False
    except OSError as error:
        raise _fault(path, error) from error


def _let_go(lock: str) -> None:
    try:
        os.rmdir(lock)
    except FileNotFoundError:
        # We were stopped for so long that somebody took it for stale.
        return
    except OSError as error:
        raise EnvironmentFault(f"the lock {lock} cannot be removed: {error.strerror}", "Remove it.") from error


def _drop_stale(lock: str) -> None:
    with suppress(OSError):
        if time.time() - os.stat(lock).st_mtime > STALE_LOCK_SECONDS:
            os.rmdir(lock)


def _require_replaceable(path: str, real: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise EnvironmentFault(f"{path} is not a regular file", "It was left alone.")
    if found.st_nlink > 1 and found.st_nlink > 1 + sum(os.path.samefile(each, real) for each in _leftovers(real)):
        raise EnvironmentFault(
            f"{path} has {found.st_nlink} hard links; replacing it would part them",
            "Make it a file of its own (copy and rename), or a symbolic link.",
        )
    if real.startswith(_STORES):
        raise EnvironmentFault(
            f"{path} lies in {real}, which a package manager keeps", f"Change it where it is made, {_LEAVE_OUT}."
        )
    user = os.geteuid() if hasattr(os, "geteuid") else found.st_uid
    if user not in (0, found.st_uid):
        raise EnvironmentFault(f"{path} belongs to another user", f"Run it as that user, {_LEAVE_OUT}.")


def _require_writable(path: str, needed: list[str]) -> None:
    for each in needed:
        # Root may write to what nobody is meant to write to.
        if not os.access(each, os.W_OK) or not os.stat(each).st_mode & 0o222:
            raise EnvironmentFault(
                f"{path} cannot be rewritten: {each} is read-only or immutable",
                f"Give yourself the right to write there (chmod u+w, chattr -i), {_LEAVE_OUT}.",
            )


def _looks(path: str) -> tuple[int, ...]:
    """What any write to the file changes, or any other file in its place. Raises OSError."""
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _holds(path: str, content: bytes, looks: tuple[int, ...] | None) -> bool:
    """looks: those of the file while it certainly holds the content. Raises OSError."""
    return _looks(path) == looks or read_bytes(path) == content


def _telling_looks(path: str, old: bytes) -> tuple[int, ...] | None:
    """How a big file looks that holds `old`, for as long as it does; None where it is to be read to know."""
    if len(old) < _BRIEF_BYTES:
        return None
    looks = _looks(path)
    is_settled = time.time() - max(looks[-2:]) / 1e9 > _CLOCK_SECONDS
    return looks if is_settled and read_bytes(path) == old else None


def _require_closed(target: Target) -> None:
    """Waits for who writes the file in place. Raises EnvironmentFault, as Locked when it stays open."""
    try:
        with leased(target.real) as lease:
            closed = lease.outwait()
    except OSError as error:
        raise _fault(target.path, error) from error
    if not closed:
        raise Locked(f"another program has {target.path} open for writing", "Close it there, and run it again.")


def _swapped(target: Target, old: bytes, new: bytes) -> bool:
    """Whether `new` took the place of `old`. Raises Locked and OSError."""
    with ExitStack() as to_the_end, _prepared(target, new) as temporary:
        looks = _telling_looks(target.real, old)
        with held(target):
            # Open to the end, so that freeing what a big one takes on disk does not fall under the lock.
            lease = to_the_end.enter_context(leased(target.real))
            return lease.take() and _holds(target.real, old, looks) and rename_over(temporary, target.real, lease)


@contextmanager
def _prepared(target: Target, content: bytes) -> Iterator[str]:
    """A synced file beside the target, as private as it at any time; gone at the end unless it took the place."""
    temporary = temporary_beside(target.real)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        try:
            write_all(descriptor, content)
            _own_like(target, temporary, descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        yield temporary
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _own_like(target: Target, temporary: str, descriptor: int) -> None:
    made, mode = os.fstat(descriptor), target.mode
    if made.st_uid != target.owner:
        os.chown(temporary, target.owner, -1)
    if made.st_gid != target.group:
        try:
            os.chown(temporary, -1, target.group)
        except PermissionError:
            # A group that we are not in cannot be given, and ours gets no right that it did not have.
            mode &= ~0o070
    if hasattr(os, "listxattr"):
        _keep_attributes(target.real, temporary)
    os.chmod(temporary, mode)


def _keep_attributes(source: str, temporary: str) -> None:
    """Labels and access lists as the target has them, and none that the directory gives to new files."""
    with suppress(OSError):
        kept = os.listxattr(source)[:_MAX_ATTRIBUTES]
        for name in set(os.listxattr(temporary)) - set(kept):
            with suppress(OSError):
                os.removexattr(temporary, name)
        for name in kept:
            with suppress(OSError):
                os.setxattr(temporary, name, os.getxattr(source, name))


def _fault(path: str, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"{path} cannot be rewritten: {error.strerror}; it is as it was",
        "Make room or give the right to write there, and run it again.",
    )
