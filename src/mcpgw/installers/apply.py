"""A plan is performed file by file: locked as the client locks, recorded first, compared, swapped, read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from filelock import FileLock, Timeout

from mcpgw.errors import EnvironmentFault, Refused
from mcpgw.installers.change import Change
from mcpgw.installers.plan import FilePlan, sha256
from mcpgw.installers.spans import reversal
from mcpgw.installers.swap import client_lock, read_target, remove_leftovers, replace_if_same, target_of
from mcpgw.paths import StateLayout
from mcpgw.registry.ledger import (
    LedgerEntry,
    Replaced,
    Step,
    append,
    done_record,
    plan_record,
    read_ledger,
    undone_record,
)

# Under the client's lock a collision is a stray write of a few milliseconds; three in a row are no accident.
_ATTEMPTS = 3
_INSTALLER_WAIT_SECONDS = 15

# Makes the plan anew from the bytes that the file holds now.
Build = Callable[[bytes], FilePlan]


@contextmanager
def sole_installer(layout: StateLayout) -> Iterator[None]:
    """One install or uninstall at a time. Raises EnvironmentFault when another one goes on."""
    try:
        with FileLock(f"{layout.ledger_file}.lock", timeout=_INSTALLER_WAIT_SECONDS):
            yield
    except Timeout as error:
        raise EnvironmentFault("another install or uninstall is running", "Try again when it is done.") from error


def apply_install(layout: StateLayout, plan: FilePlan, build: Build, *, now: float) -> FilePlan:
    """Performs one file's plan and returns it as performed. Raises McpgwError; the file is then as it was."""
    target = target_of(plan.file.path)
    pending: Step | None = None
    with client_lock(plan.file.path) if plan.file.locked else nullcontext():
        for _ in range(_ATTEMPTS):
            current = _agreed(plan, build(read_target(target)))
            if not current.changed:
                break
            pending = _announced(layout, current, target.real, pending, now)
            if replace_if_same(target, current.old, current.new):
                append(layout, done_record(pending, at=now))
                return current
    return _settled(layout, plan, pending, current, now)


def apply_uninstall(plan: FilePlan, build: Build) -> FilePlan:
    """Performs one file's way back; the caller records it. Raises McpgwError; the file is then as it was."""
    if not plan.changed:
        return plan
    target = target_of(plan.file.path)
    with client_lock(plan.file.path) if plan.file.locked else nullcontext():
        for _ in range(_ATTEMPTS):
            current = build(read_target(target))
            if not current.changed or replace_if_same(target, current.old, current.new):
                return current
    raise _restless(plan)


def recover(layout: StateLayout, *, now: float) -> tuple[str, ...]:
    """Settles edits that a crash cut short: done where the file has them, undone where not. Returns the files."""
    ledger = read_ledger(layout)
    settled: list[str] = []
    for step in ledger.steps:
        if step.number not in ledger.open_steps:
            continue
        remove_leftovers(step.file)
        happened = _happened(step)
        append(layout, done_record(step, at=now) if happened else undone_record(step, at=now))
        settled.append(step.file)
    return tuple(settled)


def _happened(step: Step) -> bool:
    """By the file's hash; a file that changed since is looked through for the entries."""
    try:
        content = read_target(target_of(step.file))
    except EnvironmentFault:
        return False
    found = sha256(content)
    if found in (step.sha256_after, step.sha256_before):
        return found == step.sha256_after
    return any(f'"{entry.entry_id}"'.encode() in content for entry in step.entries)


def _agreed(shown: FilePlan, current: FilePlan) -> FilePlan:
    """The file may have changed since the plan was shown, but not what was agreed to."""
    if current.changed and not shown.same_changes(current):
        raise Refused(
            f"{shown.file.path}: its servers changed while the plan was being looked at; nothing was changed",
            "Run it again and look at the new plan.",
        )
    return current


def _announced(layout: StateLayout, plan: FilePlan, real: str, abandoned: Step | None, now: float) -> Step:
    """The plan record, on disk before the edit."""
    given_up = () if abandoned is None else (undone_record(abandoned, at=now),)
    step = Step(
        number=read_ledger(layout).next_number,
        file=plan.file.path,
        realpath=real,
        sha256_before=sha256(plan.old),
        sha256_after=sha256(plan.new),
        replaced=tuple(
            Replaced(edit.start, edit.end - edit.start, edit.text.decode("latin-1"))
            for edit in reversal(plan.old, plan.edits)
        ),
        entries=tuple(_ledger_entry(change) for change in plan.changes),
    )
    append(layout, *given_up, plan_record(step, at=now))
    return step


def _settled(layout: StateLayout, plan: FilePlan, pending: Step | None, current: FilePlan, now: float) -> FilePlan:
    """The end without a clean swap: another writer kept our edit (done), or kept undoing it (an error)."""
    if not current.changed:
        if pending is not None:
            append(layout, done_record(pending, at=now))
        return current
    if pending is not None:
        append(layout, undone_record(pending, at=now))
    raise _restless(plan)


def _restless(plan: FilePlan) -> EnvironmentFault:
    return EnvironmentFault(
        f"{plan.file.path} keeps being rewritten by its client", "Close the client and run it again."
    )


def _ledger_entry(change: Change) -> LedgerEntry:
    entry = change.entry
    return LedgerEntry(
        entry.entry_id,
        entry.name,
        entry.client,
        str(entry.scope),
        entry.project_key,
        entry.config_file,
        before=change.before,
        after=change.after,
    )
