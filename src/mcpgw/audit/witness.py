"""What heads say of each journal: those in heads.jsonl, and those that were kept where nobody here could change them.

A journal's last records and the last heads are vouched for by nobody on this machine. A line that was kept elsewhere
(`mcpgw audit heads`) is such a voucher: a head as it lies in heads.jsonl, or a `seen` line for a journal that is still
written to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mcpgw.audit.chain import GENESIS, ChainBroken, check
from mcpgw.audit.heads import SEEN, Head
from mcpgw.paths import StateLayout

HEADS_NAME = "heads.jsonl"


class Fault(StrEnum):
    """What is wrong with a line or a file."""

    BROKEN = "broken"  # a line does not fit the one before it: changed, deleted, moved or put in
    REWRITTEN = "rewritten"  # the chain holds, yet differs from what a head saw
    TRUNCATED = "truncated"  # fewer records than a head counted, or fewer heads than one that was kept
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
class Kept:
    """A line that was kept elsewhere. seq: its number among the heads, 0 for a `seen` line.

    head: what it says of a journal, None where only number and hash were kept.
    """

    seq: int
    digest: str
    head: Head | None


@dataclass(slots=True)
class Expected:
    """What the heads say about one journal: the hash before its first record, and (records, last hash) checkpoints."""

    start: str
    checkpoints: list[tuple[int, str]] = field(default_factory=list)
    finished: bool = False

    @property
    def counted(self) -> int:
        return max((records for records, _ in self.checkpoints), default=0)


@dataclass(slots=True)
class Witness:
    """All heads, read. hashes: of each head, by its number."""

    count: int = 0
    hashes: dict[int, str] = field(default_factory=dict)
    journals: dict[str, Expected] = field(default_factory=dict)
    pruned: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def note(self, head: Head) -> None:
        """Adds what one head says."""
        if head.event == "prune":
            self.pruned.update(f"{head.file}/{name}" for name in head.files)
            return
        journal = self.journals.setdefault(head.file, Expected(GENESIS))
        journal.checkpoints.append((head.records, head.last_hash))
        journal.finished = journal.finished or head.event in ("close", "rotate")
        if head.next:
            self.journals.setdefault(head.next, Expected(head.last_hash))

    def compare(self, kept: Iterable[Kept]) -> None:
        """Holds heads.jsonl against what was kept; what it no longer says counts nevertheless."""
        last = max(self.hashes, default=0)
        cut = 0
        for each in sorted(kept, key=lambda each: not each.seq):  # heads first: they say where a journal begins
            if each.seq and self.hashes.get(each.seq) == each.digest:
                continue
            if each.head is not None:
                self.note(each.head)
            if each.seq > last:
                cut = max(cut, each.seq)
            elif each.seq:
                detail = f"the head that was kept as number {each.seq} is another one"
                self.problems.append(Problem(Fault.REWRITTEN, HEADS_NAME, each.seq, detail))
        if cut:
            detail = f"head number {cut} was kept, {last} are left"
            self.problems.append(Problem(Fault.TRUNCATED, HEADS_NAME, last + 1, detail))


def read_heads(layout: StateLayout) -> Witness:
    """What heads.jsonl says; nothing where there is none. Raises OSError."""
    witness = Witness()
    try:
        with open(layout.heads_file, "rb") as lines:
            _chain_heads(list(lines), witness)
    except FileNotFoundError:
        return witness
    return witness


def read_kept(lines: Iterable[bytes]) -> tuple[Kept, ...]:
    """The heads among lines that were kept; what is none, such as half a line of a lost connection, is passed over."""
    return tuple(kept for line in lines if (kept := _kept(line.strip())) is not None)


def _kept(line: bytes) -> Kept | None:
    fields = parse(line)
    head = None if fields is None else head_of(fields)
    if fields is None or head is None:
        return None
    if head.event == SEEN:
        return Kept(0, head.last_hash, head)
    try:
        digest = check(line, str(fields.get("prev")))
    except ChainBroken:
        return None
    seq = fields.get("seq")
    return Kept(seq, digest, head) if isinstance(seq, int) and seq > 0 else None


def _chain_heads(lines: list[bytes], witness: Witness) -> None:
    """Checks the heads' own chain; after a break the rest still counts as a witness, from its own hash on."""
    heads = [parse(line) for line in lines]
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
        _add(witness, head, number, prev)


def _add(witness: Witness, fields: dict[str, Any], number: int, digest: str) -> None:
    witness.count += 1
    head, seq = head_of(fields), fields.get("seq")
    if head is None or not isinstance(seq, int):
        witness.problems.append(Problem(Fault.BROKEN, HEADS_NAME, number, "a head lacks a field"))
        return
    witness.hashes[seq] = digest
    witness.note(head)


def parse(line: bytes) -> dict[str, Any] | None:
    """The JSON object in a line, None where there is none."""
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def head_of(fields: dict[str, Any]) -> Head | None:
    """The head in a parsed line, None where a field is missing or of another type."""
    texts = [fields.get(key) for key in ("event", "instance", "file", "last_hash")]
    records, follower, files = fields.get("records"), fields.get("next", ""), fields.get("files", [])
    if not isinstance(records, int) or not isinstance(files, list):
        return None
    if not all(isinstance(text, str) for text in (*texts, follower, *files)):
        return None
    event, instance, file, last_hash = (str(text) for text in texts)
    return Head(event, instance, file, records, last_hash, str(follower), tuple(files))
