"""What a person approved of shared project entries is recorded here, and what changed since is computed live."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from mcpgw.errors import ConfigFault, EnvironmentFault, Refused
from mcpgw.paths import StateLayout
from mcpgw.registry.document import Syntax
from mcpgw.registry.ledger import read_ledger
from mcpgw.registry.source import Cause, Change, change_of_binary, change_of_words
from mcpgw.state.binary import Binary, find_binary
from mcpgw.state.trust import (
    NOTHING,
    Approval,
    TrustUnreadable,
    Words,
    read_approvals,
    remove_approval,
    write_approval,
)


@dataclass(frozen=True, slots=True)
class ProjectEntry:
    """A project entry that is about to be routed. container: the keys that lead to the object with the servers.

    kind: "edit" (the shared entry itself is rewritten) or "shadow".  command, args: literal, as in the source.
    """

    entry_id: str
    config_file: str
    container: tuple[str, ...]
    name: str
    syntax: Syntax
    kind: str
    command: str
    args: tuple[str, ...]
    env_keys: tuple[str, ...]
    project: str


def record_approvals(layout: StateLayout, entries: Iterable[ProjectEntry], *, now: float) -> None:
    """Records each entry as approved, in place of what was recorded before. Raises EnvironmentFault."""
    for entry in entries:
        binary = _binary(entry.command, entry.project)
        _write(layout, approval_of(entry)._replace(words=words_of(entry), binary=binary, approved_at=now))


def approval_of(entry: ProjectEntry) -> Approval:
    """The record of an entry of which nothing is approved yet."""
    return Approval(
        entry_id=entry.entry_id,
        config_file=entry.config_file,
        container=entry.container,
        name=entry.name,
        syntax=str(entry.syntax),
        kind=entry.kind,
        project=entry.project,
        words=NOTHING,
        binary=None,
        approved_at=0.0,
    )


def words_of(entry: ProjectEntry) -> Words:
    return Words(entry.command, entry.args, tuple(sorted(entry.env_keys)))


def forget(layout: StateLayout, entry_ids: Iterable[str]) -> None:
    """Removes the records of entries that are routed no longer. Raises EnvironmentFault."""
    for entry_id in entry_ids:
        try:
            remove_approval(layout, entry_id)
        except OSError as error:
            raise _unwritable(layout, error) from error


def forget_unrouted(layout: StateLayout, entry_ids: Iterable[str]) -> None:
    """Removes those of these records that are of no entry in the ledger. Raises as `forget`."""
    forget(layout, set(entry_ids) - {each.gateway_id for each in read_ledger(layout).installed})


def stale(layout: StateLayout) -> tuple[Change, ...]:
    """Every approved entry that is another by now, denied or not. Raises ConfigFault for a record of another format.

    The program is looked for on this process's PATH, from the project directory.
    """
    changes = (change_of_words(layout, each) or _change_of_binary(each) for each in approvals(layout))
    return tuple(change for change in changes if change is not None)


def approvals(layout: StateLayout) -> tuple[Approval, ...]:
    """Every record. Raises ConfigFault for one of another format."""
    try:
        return read_approvals(layout)
    except TrustUnreadable as fault:
        raise ConfigFault(str(fault), "Upgrade mcpgw, or remove that file and install again.") from None


def approve(layout: StateLayout, change: Change, *, now: float) -> None:
    """Approves exactly the content that `change` holds. Raises Refused where it has none, EnvironmentFault."""
    words = require_content(change, "approve")
    binary = change.binary or _binary(words.command, change.approval.project)
    _write(layout, change.approval._replace(words=words, binary=binary, approved_at=now, denied=None))


def deny(layout: StateLayout, change: Change) -> None:
    """Notes that this content was denied: it stays withheld and is open no longer. Raises as `approve`."""
    require_content(change, "deny")
    _write(layout, change.approval._replace(denied=change.digest))


def require_content(change: Change, verb: str) -> Words:
    """What there is to approve or deny. Raises Refused where the source says nothing."""
    if change.found is not None:
        return change.found
    file = change.approval.config_file
    if change.cause is Cause.GONE:
        raise Refused(f"there is nothing to {verb}: the entry is no longer in {file}", "`mcpgw install` tidies up.")
    raise Refused(f"there is nothing to {verb}: {file} cannot be read", "Mend the file; its client needs it too.")


def _change_of_binary(approval: Approval) -> Change | None:
    command, search = approval.words.command, os.environ.get("PATH", os.defpath)
    return change_of_binary(approval, command, search=search, cwd=approval.project)


def _binary(command: str, project: str) -> Binary | None:
    return find_binary(command, search=os.environ.get("PATH", os.defpath), cwd=project)


def _write(layout: StateLayout, approval: Approval) -> None:
    try:
        write_approval(layout, approval)
    except OSError as error:
        raise _unwritable(layout, error) from error


def _unwritable(layout: StateLayout, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(
        f"the directory {layout.trust_dir} cannot be written: {error.strerror}",
        "Make room or give the right to write there.",
    )
