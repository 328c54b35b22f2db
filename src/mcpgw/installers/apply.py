"""A plan is performed file by file: recorded first, compared, swapped under the client's own lock, read back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from filelock import FileLock, Timeout

from mcpgw.errors import ConfigFault, EnvironmentFault, Refused
from mcpgw.files import PRIVATE_FILE_MODE
from mcpgw.installers.deed import Book, Deed
from mcpgw.installers.plan import FilePlan
from mcpgw.installers.swap import Locked, Target, held, read_target, remove_leftovers, replace_if_same, target_of
from mcpgw.installers.trust import ProjectEntry
from mcpgw.paths import StateLayout

# A collision is a write of the client within a few milliseconds. One that is busy writes each time that it gets the
# lock, which makes what was planned meanwhile old: the last attempts hold it from the reading on.
_BRIEF_ATTEMPTS = 3
_ATTEMPTS = 5
_INSTALLER_WAIT_SECONDS = 15
# A client that truncates and then writes leaves half a file for an instant.
_TORN_READS = 10
_TORN_SECONDS = 0.05

# Makes the plan anew from the bytes that the file holds now.
Build = Callable[[bytes], FilePlan]


@contextmanager
def sole_installer(layout: StateLayout) -> Iterator[None]:
    """One install or uninstall at a time. Raises EnvironmentFault when another one goes on."""
    lock = FileLock(layout.installer_lock, timeout=_INSTALLER_WAIT_SECONDS, mode=PRIVATE_FILE_MODE)
    try:
        lock.acquire()
    except Timeout as error:
        raise EnvironmentFault("another install or uninstall is running", "Try again when it is done.") from error
    except (OSError, NotImplementedError) as error:
        raise EnvironmentFault(
            f"{layout.installer_lock} cannot be locked: {error}", "Give the right to write there."
        ) from error
    try:
        yield
    finally:
        lock.release()


def apply_install(book: Book, plan: FilePlan, build: Build, approved: tuple[ProjectEntry, ...] = ()) -> FilePlan:
    """Performs one file's plan and returns it as performed. approved: the shared entries that are approved with it.

    Raises McpgwError; the file is then as it was.
    """
    return _performed(Deed(book, approved), plan, lambda content: _agreed(plan, build(content)))


def apply_uninstall(book: Book, plan: FilePlan, build: Build) -> FilePlan:
    """As `apply_install`, for a plan that only takes ours out, which needs no new consent whatever the file holds.

    The book may be none: the entries themselves say how to undo it.
    """
    return _performed(Deed(book), plan, build) if plan.changed else plan


def _performed(deed: Deed, plan: FilePlan, build: Build) -> FilePlan:
    target = target_of(plan.file.path, locked=plan.file.locked)
    remove_leftovers(plan.file.path)
    try:
        for attempt in range(_ATTEMPTS):
            done = _attempted(deed, target, build, brief=attempt < _BRIEF_ATTEMPTS)
            if done is not None:
                deed.done()
                return done
    except (Locked, Refused, ConfigFault):
        # Any other fault leaves it open whether the edit was made: the next command looks.
        deed.undone()
        raise
    deed.undone()
    raise EnvironmentFault(
        f"{plan.file.path} keeps being rewritten by its client", "Close the client and run it again."
    )


def _attempted(deed: Deed, target: Target, build: Build, *, brief: bool) -> FilePlan | None:
    """What was done, or had been done already; None where the client came in between.

    brief: the client's lock is held for the swap alone.
    """
    with nullcontext(target) if brief else held(target) as target:
        current = _planned(build, target)
        if not current.changed:
            return current
        deed.announce(current, target.real)
        return current if replace_if_same(target, current.old, current.new) else None


def _planned(build: Build, target: Target) -> FilePlan:
    """The plan of what the file holds now; it could be read when it was shown."""
    for _ in range(_TORN_READS):
        try:
            return build(read_target(target))
        except ConfigFault:
            time.sleep(_TORN_SECONDS)
    return build(read_target(target))


def _agreed(shown: FilePlan, current: FilePlan) -> FilePlan:
    """The file may have changed since the plan was shown, but not what was agreed to."""
    if not current.within(shown):
        raise Refused(
            f"{shown.file.path}: its servers changed while the plan was being looked at; nothing was changed",
            "Run it again and look at the new plan.",
        )
    return current
