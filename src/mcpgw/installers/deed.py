"""The ledger has the plan of an edit, synced, before the edit; and what became of it after.

What a person approves by the edit is recorded in between: no gateway may find it missing, and it goes with the edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from mcpgw.installers.change import Change, Outcome
from mcpgw.installers.edits import reversal
from mcpgw.installers.handiwork import digest_of_entry
from mcpgw.installers.plan import FilePlan, sha256
from mcpgw.installers.trust import ProjectEntry, forget_unrouted, record_approvals
from mcpgw.paths import StateLayout
from mcpgw.registry.entry import Command, unwrap
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

_TAKES_OFF = frozenset({Outcome.UNWRAP, Outcome.UNSHADOW})


@dataclass(frozen=True, slots=True)
class Book:
    """Where one command records its edits. layout: None where there is no ledger; then nothing is recorded.

    numbers: of the steps to come; nobody else numbers any while this command is the sole installer.
    """

    layout: StateLayout | None
    now: float
    numbers: Iterator[int]


def opened(layout: StateLayout | None, *, now: float) -> Book:
    """For the sole installer. Raises as `read_ledger`."""
    return Book(layout, now, count(1 if layout is None else read_ledger(layout).next_number))


@dataclass(slots=True)
class Deed:
    """The records of one file's edit. approved: the shared entries that are approved with it.

    All methods raise EnvironmentFault.
    """

    book: Book
    approved: tuple[ProjectEntry, ...] = ()
    step: Step | None = None  # planned, and not yet known to be done or not

    def announce(self, plan: FilePlan, real: str) -> None:
        """The plan record; what was announced before did not happen."""
        if self.book.layout is None:
            return
        given_up = () if self.step is None else (undone_record(self.step, at=self.book.now),)
        step = step_of(plan, real, next(self.book.numbers))
        append(self.book.layout, *given_up, plan_record(step, at=self.book.now))
        self.step = step
        routed = {each.gateway_id for each in step.entries}
        approved = (each for each in self.approved if each.entry_id in routed)
        record_approvals(self.book.layout, approved, now=self.book.now)

    def done(self) -> None:
        """Not synced: where a power cut takes the record, the file itself tells that it was done."""
        if self.book.layout is not None and self.step is not None:
            append(self.book.layout, done_record(self.step, at=self.book.now), synced=False)
        self.step = None

    def undone(self) -> None:
        if self.book.layout is not None and self.step is not None:
            take_back(self.book.layout, self.step, now=self.book.now)
        self.step = None


def take_back(layout: StateLayout, step: Step, *, now: float) -> None:
    """A planned edit that did not happen, or no longer counts; nothing is approved by it. Raises EnvironmentFault."""
    append(layout, undone_record(step, at=now))
    forget_unrouted(layout, (each.gateway_id for each in step.entries))


def step_of(plan: FilePlan, real: str, number: int) -> Step:
    """What the ledger keeps of a plan: never the whole file, and the original spans only while something is routed."""
    routed = tuple(_ledger_entry(each) for each in plan.changes if each.outcome not in _TAKES_OFF)
    back = reversal(plan.old, plan.edits) if routed else ()
    return Step(
        number=number,
        file=plan.file.path,
        realpath=real,
        sha256_before=sha256(plan.old),
        sha256_after=sha256(plan.new),
        replaced=tuple(Replaced(edit.start, edit.end - edit.start, edit.text.decode("latin-1")) for edit in back),
        entries=routed,
        gone=tuple(each.entry.entry_id for each in plan.changes if each.outcome in _TAKES_OFF),
        locked=plan.file.locked,
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
        before=_first(change),
        after=change.after,
        origin=None if change.origin is None else change.origin.config_file,
        digest=None if change.value is None else digest_of_entry(change.value),
        container=change.container,
    )


def _first(change: Change) -> Command | None:
    """What stood there before the gateway did: nothing before a shadow, and of a routed entry its original."""
    if change.origin is not None or change.before is None:
        return None
    original = unwrap(change.before[1])
    return change.before if original is None else (original.command, original.args)
