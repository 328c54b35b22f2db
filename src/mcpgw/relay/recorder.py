"""Turns the session's Records into journal lines and counters. What cannot be written raises."""

from __future__ import annotations

import time

from mcpgw.audit.record import ACTION, deed, encode, opening
from mcpgw.policy.rule import NEVER
from mcpgw.protocol.methods import Direction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw._native import Run
    from mcpgw.audit.diagnostics import Diagnostics
    from mcpgw.audit.journal import Journal
    from mcpgw.audit.record import Record
    from mcpgw.state.instance import Instance


# How often a journal that could not be opened is tried again: a full disk comes and goes.
REOPEN_SECONDS = 1.0
MISSING = "audit/missing"  # in the journal; no frame has it


class Recorder:
    """One instance's journal and status record, the only two places that a Record goes to."""

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        instance: Instance | None,
        diagnostics: Diagnostics,
        *,
        server: str,
        entry: str,
    ) -> None:
        self._open_journal = open_journal
        self._instance = instance
        self._diagnostics = diagnostics
        self._shared = opening(instance.id if instance else "-", server, entry)
        self._journal: Journal | None = None
        self._file = ""
        self._next_try = 0.0
        self._failing = False
        self._missed = 0
        self._fsync = NEVER
        self._syncs = False
        # When `sync` is to be called, in monotonic seconds.
        self.sync_due: float | None = None
        # The state to go back to when the journal can be written again, and its reason.
        self.resting = ("ready", "")
        self._second = ""
        self._second_text = ""

    def append(self, record: Record) -> None:
        """Journal first, counters second. Raises OSError when the journal does not take it."""
        now = time.time()
        try:
            journal = self._journal or self._open(now)
            at, time_text = self._clock(now)
            body = encode(record, sequence=journal.seq, at=at, time_text=time_text, shared=self._shared)
            journal.append(body, now=now)
            if self._syncs:
                self.sync_due = journal.sync_due
        except OSError as error:
            self._missed += 1
            self._fail(error, now)
            raise
        if self._failing:
            self._recover()
            self._own_up()
        if self._instance is not None:
            if journal.file != self._file:
                self._file = journal.file
                self._instance.describe(audit_file=journal.file)
            self._count(record, self._instance)
        if record.type != ACTION and record.decision in ("alert", "redact", "block", "refuse"):
            self._warn(record)

    def opening(self) -> tuple[bytes, int, str] | None:
        """What the lines of a run share from the time on, and their place; None while `append` has to go first."""
        now = time.time()
        place = None if self._journal is None or self._failing else self._journal.place_for_run(now)
        if place is None:
            return None
        at, time_text = self._clock(now)
        return f'"at":{at},"time":"{time_text}",{self._shared}'.encode(), *place

    def append_run(self, run: Run) -> None:
        """As `append`, for a run of the lane's, which `count_run` counts once it is on its way."""
        _, lines, digest, frames, *_ = run
        now = time.time()
        try:
            journal = self._journal or self._open(now)
            journal.append_run(lines, frames, digest, now=now)
            if self._syncs:
                self.sync_due = journal.sync_due
        except OSError as error:
            self._fail(error, now)
            raise

    def count_run(self, direction: Direction, run: Run) -> None:
        _, _, _, frames, volume, marked, latencies = run
        if self._instance is None:
            return
        if direction is Direction.TO_SERVER:
            self._instance.count_requests(frames, volume, calls=marked)
        else:
            self._instance.count_answers(frames, volume, errors=marked, latencies_us=latencies)

    def stands(self, state: str, reason: str) -> None:
        """Where the server stands now; while the journal cannot be written, that shows instead."""
        self.resting = (state, reason)
        if self._instance is not None and not self._failing:
            self._instance.set_state(state, reason)

    def settle(self, fsync: str) -> None:
        """How soon records are on the disk, from the next one on."""
        self._fsync, self._syncs, self.sync_due = fsync, fsync != NEVER, None
        if self._journal is not None:
            self._journal.settle(fsync)
            self.sync_due = self._journal.sync_due

    def sync(self) -> None:
        """Brings what was recorded to the disk; where that fails the journal counts as unwritable."""
        self.sync_due = None
        if self._journal is None:
            return
        try:
            self._journal.sync()
        except OSError as error:
            self._fail(error, time.time())
        self.sync_due = self._journal.sync_due

    def close(self) -> None:
        """Writes the journal's last head; a disk that refuses it is only reported."""
        self._own_up()
        if self._journal is None:
            return
        try:
            self._journal.close(time.time())
        except OSError as error:
            self._diagnostics.warning("audit-not-closed", message=f"the audit journal was not closed: {error.strerror}")

    def _open(self, now: float) -> Journal:
        if now < self._next_try:
            raise OSError("the audit journal could not be opened a moment ago")
        self._next_try = now + REOPEN_SECONDS
        self._journal = self._open_journal()
        self._journal.settle(self._fsync)
        return self._journal

    def _fail(self, error: OSError, now: float) -> None:
        if self._failing:
            return
        self._failing = True
        text = f"the audit journal cannot be written: {error.strerror or error}"
        self._diagnostics.error("audit-unwritable", message=text)
        if self._instance is not None:
            self._instance.set_error(text, now)
            self._instance.set_state("degraded", text)

    def _recover(self) -> None:
        self._failing = False
        self._diagnostics.info("audit-recovered", message="the audit journal can be written again")
        if self._instance is not None:
            self._instance.set_state(*self.resting)

    def _own_up(self) -> None:
        """The journal says how much it lacks, at the first chance."""
        missed, self._missed = self._missed, 0
        if missed:
            try:
                self.append(deed(MISSING, "alert", f"records that could not be written before this one: {missed}"))
            except OSError:
                self._missed = missed

    def _count(self, record: Record, instance: Instance) -> None:
        if record.type == ACTION:
            return  # no message
        is_call = record.method == "tools/call" and record.type == "request"
        instance.count(
            record.direction, record.type, record.decision, record.bytes, latency_us=record.latency_us, is_call=is_call
        )

    def _warn(self, record: Record) -> None:
        """An alert is a journal line, a counter and this: no prompt, no pop-up."""
        rules = ",".join(sorted({finding.rule for finding in record.findings})) or record.reason
        self._diagnostics.warning(
            record.decision,
            rule=rules,
            ref=record.ref or (record.findings[0].ref if record.findings else None),
            direction=record.direction,
            method=record.method,
            tool=record.tool,
        )

    def _clock(self, now: float) -> tuple[str, str]:
        """Seconds with six decimals, and the same moment as RFC 3339 has it."""
        at = f"{now:.6f}"
        second = at[:-7]
        if second != self._second:
            self._second = second
            self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(second)))
        return at, f"{self._second_text}{at[-7:]}Z"
