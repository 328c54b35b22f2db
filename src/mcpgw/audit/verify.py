"""Does every journal still say what was written? Heads are read first, and nothing is repaired.

Found: a record that was changed, deleted, moved, put in or cut off up to the last head that counts it; a missing
journal; a changed heads.jsonl. Not found: a cut of what came after a journal's last head, and a cut of heads.jsonl
together with the journals that it named: only a copy kept elsewhere shows those. A line without its end in a journal
that was never closed is what a killed process leaves; it is reported as torn and is no tampering.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mcpgw.audit.chain import GENESIS, ChainBroken, check
from mcpgw.audit.days import journal_files
from mcpgw.audit.heads import Head
from mcpgw.paths import StateLayout

HEADS_NAME = "heads.jsonl"


class Fault(StrEnum):
    """What is wrong with a line or a file."""

    BROKEN = "broken"  # a line does not fit the one before it: changed, deleted, moved or put in
    REWRITTEN = "rewritten"  # the chain holds, yet differs from what a head saw
    TRUNCATED = "truncated"  # fewer records than a head counted
    EXTENDED = "extended"  # records after the journal was closed
    MISSING = "missing"  # a head names the file, and it is gone
    UNNAMED = "unnamed"  # it holds records, and no head names it
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Problem:
    """`file` is relative to the audit directory; `line` counts from 1, 0 where the whole file is meant."""

    fault: Fault
    file: str
    line: int
    detail: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was looked at and what was found; `torn` names journals whose last line was cut off by a killed process."""

    journals: int
    records: int
    heads: int
    problems: tuple[Problem, ...]
    torn: tuple[str, ...]
    pruned: int

    @property
    def intact(self) -> bool:
        return not self.problems


@dataclass(slots=True)
class _Expected:
    """What the heads say about one journal: the hash before its first record, and (records, last hash) checkpoints."""

    start: str
    checkpoints: list[tuple[int, str]] = field(default_factory=list)
    finished: bool = False


@dataclass(slots=True)
class _Witness:
    """heads.jsonl, read."""

    count: int = 0
    journals: dict[str, _Expected] = field(default_factory=dict)
    pruned: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def verify(layout: StateLayout) -> VerifyReport:
    """Checks all journals against their chains and the heads. Raises OSError if the audit directory is unreadable."""
    report = _verify(layout)
    if any(problem.fault in (Fault.UNNAMED, Fault.MISSING) for problem in report.problems):
        # A journal may have been opened or pruned while we read; a second look tells that from tampering.
        return _verify(layout)
    return report


def _verify(layout: StateLayout) -> VerifyReport:
    present = journal_files(layout)
    witness = _read_heads(layout)
    problems, torn, records = list(witness.problems), [], 0
    for file in sorted({*present, *witness.journals}):
        found = _check_journal(layout, file, witness, file in present)
        problems += found.problems
        records += found.records
        torn += [file] if found.torn else []
    return VerifyReport(len(present), records, witness.count, tuple(problems), tuple(torn), len(witness.pruned))


def _read_heads(layout: StateLayout) -> _Witness:
    witness = _Witness()
    try:
        with open(layout.heads_file, "rb") as lines:
            _chain_heads(list(lines), witness)
    except FileNotFoundError:
        return witness
    return witness


def _chain_heads(lines: list[bytes], witness: _Witness) -> None:
    """Checks the heads' own chain; after a break the rest still counts as a witness, from its own hash on."""
    heads = [_parse(line) for line in lines]
    prev = GENESIS
    for number, (line, head) in enumerate(zip(lines, heads, strict=True), 1):
        following = heads[number] if number < len(lines) else None
        if following and following.get("torn") == len(line.rstrip(b"\n")):
            continue  # half a line of a killed writer, which the next head owns up to
        if head is None or not line.endswith(b"\n"):
            if number < len(lines):
                witness.problems.append(Problem(Fault.BROKEN, HEADS_NAME, number, "not a head"))
            continue
        try:
            prev = check(line, prev)
        except ChainBroken as broken:
            witness.problems.append(Problem(Fault.BROKEN, HEADS_NAME, number, str(broken)))
            prev = str(head.get("hash"))
        witness.count += 1
        _note(witness, head, number)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _head(fields: dict[str, Any]) -> Head | None:
    """The head in a parsed line, None where a field is missing or of another type."""
    texts = [fields.get(key) for key in ("event", "instance", "file", "last_hash")]
    records, follower, files = fields.get("records"), fields.get("next", ""), fields.get("files", [])
    if not isinstance(records, int) or not isinstance(files, list):
        return None
    if not all(isinstance(text, str) for text in (*texts, follower, *files)):
        return None
    event, instance, file, last_hash = (str(text) for text in texts)
    return Head(event, instance, file, records, last_hash, str(follower), tuple(files))


def _note(witness: _Witness, fields: dict[str, Any], number: int) -> None:
    head = _head(fields)
    if head is None:
        witness.problems.append(Problem(Fault.BROKEN, HEADS_NAME, number, "a head lacks a field"))
        return
    if head.event == "prune":
        witness.pruned.update(f"{head.file}/{name}" for name in head.files)
        return
    journal = witness.journals.setdefault(head.file, _Expected(GENESIS))
    journal.checkpoints.append((head.records, head.last_hash))
    journal.finished = journal.finished or head.event in ("close", "rotate")
    if head.next:
        witness.journals[head.next] = _Expected(head.last_hash)


@dataclass(slots=True)
class _Found:
    records: int = 0
    torn: bool = False
    problems: list[Problem] = field(default_factory=list)


def _check_journal(layout: StateLayout, file: str, witness: _Witness, present: bool) -> _Found:
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


def _check_lines(file: str, lines: Iterable[bytes], expected: _Expected | None, found: _Found) -> None:
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


def _check_end(file: str, expected: _Expected, found: _Found) -> None:
    counted = max((records for records, _ in expected.checkpoints), default=0)
    if found.records < counted:
        detail = f"a head counted {counted} records, {found.records} are left"
        found.problems.append(Problem(Fault.TRUNCATED, file, found.records + 1, detail))
    elif expected.finished and (found.records > counted or found.torn):
        detail = f"the journal was closed with {counted} records"
        found.problems.append(Problem(Fault.EXTENDED, file, counted + 1, detail))
