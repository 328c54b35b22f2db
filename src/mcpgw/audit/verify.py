"""Does every journal still say what was written? Heads are read first, and nothing is repaired.

Found: a record that was changed, deleted, moved, put in or cut off up to the last head that counts it; a missing
journal; a changed heads.jsonl. Not found: a cut of what came after a journal's last head, and a cut of heads.jsonl
together with the journals that it named: only heads kept elsewhere show those. A line without its end in a journal
that was never closed is what a killed process leaves; it is reported as torn and is no tampering.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mcpgw.audit.chain import GENESIS, ChainBroken, check
from mcpgw.audit.days import journal_files
from mcpgw.audit.witness import Expected, Fault, Kept, Problem, Witness, read_heads
from mcpgw.paths import StateLayout


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was looked at and what was found; `torn` names journals whose last line was cut off by a killed process.

    kept: how many heads that were kept elsewhere it was compared with.
    """

    journals: int
    records: int
    heads: int
    problems: tuple[Problem, ...]
    torn: tuple[str, ...]
    pruned: int
    kept: int = 0

    @property
    def intact(self) -> bool:
        return not self.problems


def verify(layout: StateLayout, kept: Sequence[Kept] = ()) -> VerifyReport:
    """Reads every head and every journal, and compares with what was kept elsewhere. Raises OSError."""
    report = _verify(layout, kept)
    if any(problem.fault in (Fault.UNNAMED, Fault.MISSING) for problem in report.problems):
        # A journal may have been opened or pruned while we read; a second look tells that from tampering.
        return _verify(layout, kept)
    return report


def _verify(layout: StateLayout, kept: Sequence[Kept]) -> VerifyReport:
    present = journal_files(layout)
    witness = read_heads(layout)
    witness.compare(kept)
    problems, torn, records = list(witness.problems), [], 0
    for file in sorted({*present, *witness.journals}):
        found = _check_journal(layout, file, witness, file in present)
        problems += found.problems
        records += found.records
        torn += [file] if found.torn else []
    pruned = len(witness.pruned)
    return VerifyReport(len(present), records, witness.count, tuple(problems), tuple(torn), pruned, len(kept))


@dataclass(slots=True)
class _Found:
    records: int = 0
    torn: bool = False
    problems: list[Problem] = field(default_factory=list)


def _check_journal(layout: StateLayout, file: str, witness: Witness, present: bool) -> _Found:
    found = _Found()
    expected = witness.journals.get(file)
    if not present:
        if file not in witness.pruned:
            found.problems.append(Problem(Fault.MISSING, file, 0, "a head names this journal, and it is gone"))
        return found
    try:
        with open(f"{layout.audit_dir}/{file}", "rb") as lines:
            _check_lines(file, lines, expected, found)
    except OSError as error:
        found.problems.append(Problem(Fault.UNREADABLE, file, 0, error.strerror or "cannot be read"))
    if expected is None and found.records and not found.problems:
        found.problems.append(Problem(Fault.UNNAMED, file, 0, "no head names this journal"))
    return found


def _check_lines(file: str, lines: Iterable[bytes], expected: Expected | None, found: _Found) -> None:
    """Walks one journal to its first fault; what follows a fault cannot be vouched for and is not looked at."""
    prev = expected.start if expected else GENESIS
    wanted = dict(expected.checkpoints) if expected else {}
    number = 0
    if number in wanted and wanted[number] != prev:
        found.problems.append(Problem(Fault.REWRITTEN, file, 0, "the head that opened it saw another start"))
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            found.torn = True
            number -= 1
            break
        try:
            prev = check(line, prev)
        except ChainBroken as broken:
            found.problems.append(Problem(Fault.BROKEN, file, number, str(broken)))
            return
        found.records = number
        if wanted.get(number, prev) != prev:
            found.problems.append(Problem(Fault.REWRITTEN, file, number, "a head saw another record here"))
            return
    if expected:
        _check_end(file, expected, found)


def _check_end(file: str, expected: Expected, found: _Found) -> None:
    counted = expected.counted
    if found.records < counted:
        detail = f"a head counted {counted} records, {found.records} are left"
        found.problems.append(Problem(Fault.TRUNCATED, file, found.records + 1, detail))
    elif expected.finished and (found.records > counted or found.torn):
        detail = f"the journal was closed with {counted} records"
        found.problems.append(Problem(Fault.EXTENDED, file, counted + 1, detail))
