"""An automaton reports candidates (rule, end); the rule's expression on a window decides, for every engine alike."""

from __future__ import annotations

import re

from mcpgw.detect.validators import VALIDATORS, entropy
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from mcpgw.detect.pattern import Pattern

    Automaton = Callable[[bytes], list[tuple[int, int]]]

# Candidates of one text. Real secrets come by the dozen; a text with more is built to cost time.
MAX_CANDIDATES = 20_000
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_BASE64 = _WORD - {ord("_")} | frozenset(b"/+=")
# What makes a number part of a longer one, of a hex string or of a UUID.
_DIGIT_NEIGHBOURS = frozenset(b"0123456789abcdefABCDEFxX_")
BOUNDARIES = {"word": _WORD, "digits": _DIGIT_NEIGHBOURS, "base64": _BASE64}


class ScanOverBudget(Exception):
    """The text yields more candidates than are looked at; the profile decides what becomes of it."""


class Match(NamedTuple):
    """A judged hit: the secret's place in the scanned text. rule: index into the patterns."""

    rule: int
    start: int
    end: int
    secret: bytes

    def __repr__(self) -> str:
        return f"Match({self.rule}, {self.start}, {self.end})"


def native_automaton(database: Any, scratch: Any, stopped: type[Exception]) -> Automaton:
    """Candidates from a loaded hyperscan database.

    The scratch belongs to one thread.  stopped: what the library raises when a scan is ended by its callback.
    """

    def candidates(text: bytes) -> list[tuple[int, int]]:
        hits: list[tuple[int, int]] = []
        append = hits.append

        def note(rule: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            append((rule, end))
            return len(hits) > MAX_CANDIDATES

        try:
            database.scan(text, match_event_handler=note, scratch=scratch)
        except stopped:
            raise ScanOverBudget from None
        return hits

    return candidates


def portable_automaton(patterns: Sequence[Pattern]) -> Automaton:
    """Candidates by keyword and `re`, where there is no hyperscan: the same verdicts, many times slower."""
    triggers = [
        (index, pattern.keywords, re.compile(trigger, re.DOTALL | (re.IGNORECASE if pattern.caseless else 0)))
        for index, pattern in enumerate(patterns)
        for trigger in pattern.triggers
    ]

    def candidates(text: bytes) -> list[tuple[int, int]]:
        lowered = text.lower()
        hits: list[tuple[int, int]] = []
        for index, keywords, trigger in triggers:
            if not keywords or any(keyword in lowered for keyword in keywords):
                hits += [(index, match.end()) for match in trigger.finditer(text)]
        return hits

    return candidates


def judge(text: bytes, patterns: Sequence[Pattern], automaton: Automaton) -> list[Match]:
    """The matches in `text`, by place. Raises ScanOverBudget."""
    candidates = automaton(text)
    if not candidates:
        return []
    if len(candidates) > MAX_CANDIDATES:
        raise ScanOverBudget
    matches: list[Match] = []
    for rule, windows in _windows(candidates, patterns).items():
        pattern = patterns[rule]
        for start, end in windows:
            matches += _matches_in(text, start, end, rule, pattern)
    return sorted(matches, key=lambda match: (match.start, match.end, match.rule))


def _windows(candidates: list[tuple[int, int]], patterns: Sequence[Pattern]) -> dict[int, list[tuple[int, int]]]:
    """Per rule the stretches to look at: `max_length` to both sides of each candidate, joined where they meet."""
    windows: dict[int, list[tuple[int, int]]] = {}
    for rule, at in sorted(candidates):
        reach = patterns[rule].max_length + 1
        start, end = max(0, at - reach), at + reach
        joined = windows.setdefault(rule, [])
        if joined and joined[-1][1] >= start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return windows


def _matches_in(text: bytes, start: int, end: int, rule: int, pattern: Pattern) -> list[Match]:
    """Searches one after another: for the one match of the usual window that costs a third of an iterator."""
    matches: list[Match] = []
    search = pattern.expression.search
    while (found := search(text, start, end)) is not None:
        begin, stop = found.span(found.lastindex or 0)
        secret = text[begin:stop]
        start = found.end()  # no pattern matches the empty text
        if _accepts(pattern, secret, text, begin, stop):
            matches.append(Match(rule, begin, stop, secret))
        elif pattern.boundary == "digits":
            start = found.start() + 1  # groups of digits that are no such number may overlap with some that are
    return matches


def _accepts(pattern: Pattern, secret: bytes, text: bytes, start: int, end: int) -> bool:
    if pattern.boundary:
        neighbours = BOUNDARIES[pattern.boundary]
        if (start and text[start - 1] in neighbours) or (end < len(text) and text[end] in neighbours):
            return False
        if pattern.boundary == "digits" and _continues_number(text, start, end):
            return False
    if pattern.allow is not None and pattern.allow.search(secret):
        return False
    if pattern.entropy and entropy(secret) < pattern.entropy:
        return False
    return not pattern.validator or VALIDATORS[pattern.validator](secret)


def _continues_number(text: bytes, start: int, end: int) -> bool:
    """A fraction, a dash or a colon with a digit or hex letter behind it: part of a decimal, UUID, time or id."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (len(before) == 2 and before[1] in b".-:/" and before[0] in _DIGIT_NEIGHBOURS) or (
        len(after) == 2 and after[0] in b".-:/" and after[1] in _DIGIT_NEIGHBOURS
    )
