"""Every literal secret of every entry, its place, and who can read the file that holds it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mcpgw.detect.engine import ScanOverBudget
from mcpgw.detect.pipeline import Detector
from mcpgw.errors import EnvironmentFault
from mcpgw.registry.client import ConfigFile, Problem
from mcpgw.registry.discover import Discovery
from mcpgw.registry.document import Document, Node, Syntax
from mcpgw.registry.entry import Entry, wrapper_length
from mcpgw.registry.exposure import Exposure, Readers, exposure
from mcpgw.registry.literals import SEVERITIES, LiteralSecret, literal_secrets
from mcpgw.registry.reading import entries_of, unreadable
from mcpgw.registry.select import Choice, chosen


@dataclass(frozen=True, slots=True)
class Leak:
    """A literal secret in a client's file.

    literal: its pointer is that of the entry before it was routed.  line: where it stands in the file now.
    """

    entry: Entry
    literal: LiteralSecret
    line: int
    exposure: Exposure

    @property
    def severity(self) -> str:
        """One step above the rule's where everyone can read the file."""
        step = 1 if self.exposure.readers is Readers.EVERYONE else 0
        return SEVERITIES[min(SEVERITIES.index(self.literal.severity) + step, len(SEVERITIES) - 1)]

    @property
    def fingerprint(self) -> str:
        """16 hex digits of place and rule: the same after an install, an edit elsewhere, or a new value."""
        text = "\0".join((self.entry.entry_id, self.literal.pointer, self.literal.rule))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class LeakReport:
    """leaks: the gravest first.  entries: how many were looked at.  problems: files that could not be searched."""

    leaks: tuple[Leak, ...]
    entries: int
    problems: tuple[Problem, ...]


def find_leaks(found: Discovery, choice: Choice, detector: Detector) -> LeakReport:
    """Looks through the chosen entries of all files that could be read, routed or not.

    Of a file that several clients read, each secret is the first client's.
    """
    wanted = frozenset(entry.entry_id for entry in chosen(found.entries, choice))
    leaks: list[Leak] = []
    problems: list[Problem] = []
    for reading in found.readings:
        try:
            leaks += _in_file(reading.file, reading.document, wanted, detector) if reading.document else ()
        except OSError as error:
            problems.append(unreadable(reading.file.path, error, blocking=False))
        except ScanOverBudget:
            problems.append(_over_budget(reading.file.path))
    once = {_place(each): each for each in reversed(leaks)}
    ordered = sorted(
        once.values(), key=lambda each: (-SEVERITIES.index(each.severity), each.entry.config_file, each.line)
    )
    return LeakReport(tuple(ordered), len(wanted), tuple(problems))


def _in_file(file: ConfigFile, document: Document, wanted: frozenset[str], detector: Detector) -> Iterator[Leak]:
    for entry, node in entries_of(file, document):
        if entry.entry_id not in wanted:
            continue
        for literal in literal_secrets(_json_text(file, document, node), detector):
            pointer = original_pointer(entry, literal.pointer)
            if pointer is not None:
                line = document.content.count(b"\n", 0, _offset(file, document, node, literal)) + 1
                yield Leak(entry, replace(literal, pointer=pointer), line, exposure(file.path))


def _place(leak: Leak) -> tuple[str | None, ...]:
    """The same for all clients that read the file."""
    entry, literal = leak.entry, leak.literal
    return (entry.config_file, entry.project_key, entry.name, literal.pointer, literal.rule)


def _json_text(file: ConfigFile, document: Document, node: Node) -> bytes:
    """The entry as JSON: its own bytes where it is, so that a duplicate key hides nothing."""
    if file.syntax is Syntax.JSON:
        return document.raw(node)
    return json.dumps(document.value(node), ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")


def _offset(file: ConfigFile, document: Document, node: Node, literal: LiteralSecret) -> int:
    """Where the secret stands in the file; where its spelling there is another one, where its entry does."""
    if file.syntax is Syntax.JSON:
        return node.start + literal.start
    found = document.content.find(literal.secret.encode("utf-8", "surrogatepass"), node.start, node.end)
    return found if found >= 0 else node.start


def original_pointer(entry: Entry, pointer: str) -> str | None:
    """Where this place was before the entry was routed, so that routing changes no finding; None if it is new."""
    if entry.wrapped is None:
        return pointer
    if pointer == "/command":
        return None
    array, _, index = pointer.rpartition("/")
    if array != "/args":
        return pointer
    place = int(index) - wrapper_length(entry.args or ())
    if place < -1:
        return None
    return "/command" if place == -1 else f"/args/{place}"


def _over_budget(path: str) -> Problem:
    message = f"{path}: an entry holds too much that looks like secrets to be scanned"
    return Problem(path, message, "Look at that file yourself.", blocking=False, kind=EnvironmentFault)
