"""What a killed or failed command left is settled before the next one begins: edits, temporary files, stale locks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress

import psutil

from mcpgw.config.store import sweep_unfinished
from mcpgw.errors import EnvironmentFault
from mcpgw.files import read_bytes, temporary_writer
from mcpgw.installers.deed import take_back
from mcpgw.installers.plan import sha256
from mcpgw.installers.runtime import unfinished_runtimes
from mcpgw.installers.swap import outwait_lock, remove_leftovers
from mcpgw.paths import StateLayout
from mcpgw.registry.ledger import Step, append, done_record, read_ledger


def recover(layout: StateLayout, *, now: float) -> tuple[str, ...]:
    """Settles edits that were cut short: done where the file has them, undone where not. Returns the files.

    The caller is the only installer. Raises EnvironmentFault where a file cannot be looked at; it stays open then.
    """
    sweep(layout)
    ledger = read_ledger(layout)
    for file in dict.fromkeys(step.file for step in ledger.steps):
        remove_leftovers(file)
    open_steps = [step for step in ledger.steps if step.number in ledger.open_steps]
    for step in open_steps:
        _settle(layout, step, now)
    return tuple(dict.fromkeys(step.file for step in open_steps))


def sweep(layout: StateLayout) -> None:
    """Removes the temporary files of dead processes, and runtimes and policies that were never finished."""
    with suppress(OSError):
        sweep_unfinished(layout)
    with suppress(OSError):
        for path in _abandoned(layout):
            os.unlink(path)
        for path in unfinished_runtimes(layout):
            shutil.rmtree(path)


def _settle(layout: StateLayout, step: Step, now: float) -> None:
    try:
        if step.locked:
            outwait_lock(step.file)
        happened = _happened(step)
    except OSError as error:
        raise EnvironmentFault(
            f"an edit of {step.file} was cut short, and the file cannot be looked at: {error.strerror}",
            "Give yourself the right to read it and to write beside it, and run it again.",
        ) from error
    if happened:
        append(layout, done_record(step, at=now))
    else:
        take_back(layout, step, now=now)


def _happened(step: Step) -> bool:
    """By the file's hash; a file that changed since is looked through for the entries. Raises OSError."""
    try:
        content = read_bytes(step.realpath)
    except FileNotFoundError:
        return False
    found = sha256(content)
    if found in (step.sha256_after, step.sha256_before):
        return found == step.sha256_after
    if step.entries:
        return any(_names(content, entry.gateway_id) for entry in step.entries)
    return not any(_names(content, entry_id) for entry_id in step.gone)


def _names(content: bytes, entry_id: str) -> bool:
    return f'"{entry_id}"'.encode() in content


def _abandoned(layout: StateLayout) -> Iterator[str]:
    snapshots = [f"{layout.policy_dir}/{name}" for name in _listed(layout.policy_dir)]
    for directory in (layout.root, layout.bin_dir, layout.runtime_dir, layout.policy_dir, *snapshots):
        for name in _listed(directory):
            writer = temporary_writer(name)
            if writer is not None and not psutil.pid_exists(writer[1]):
                yield f"{directory}/{name}"


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
