"""A rule pack is data; each rule is held to its dialect and to its own examples before it is used."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mcpgw.config.dialect import dialect_problems, width
from mcpgw.config.fault import Fault, SourceFault, did_you_mean, raise_if_any
from mcpgw.config.load import Document, read_document, validate
from mcpgw.config.scandb import Automaton, native_scanner, rejected
from mcpgw.config.schema import Examples, PackFile, PackRule
from mcpgw.detect import packs as default_packs
from mcpgw.detect.engine import portable_automaton
from mcpgw.detect.pattern import Pattern, from_plain
from mcpgw.detect.pipeline import Detector
from mcpgw.detect.validators import VALIDATORS

PlainRule = dict[str, Any]

DEFAULT_PACK = os.path.join(os.path.dirname(str(default_packs.__file__)), "default.toml")


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was read. rules: as the snapshot holds them, in the order of the file, and their examples."""

    document: Document
    rules: tuple[PlainRule, ...]
    examples: tuple[Examples, ...]

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        return tuple(from_plain(rule) for rule in self.rules)


def load_pack(path: str) -> tuple[PlainRule, ...]:
    """The pack's rules as the snapshot holds them. Raises SourceFault with every fault of the file."""
    pack = read_pack(path)
    raise_if_any(native_faults(pack))
    return pack.rules


def read_pack(path: str) -> Pack:
    """The pack, checked in all but the native engine's consent. Raises SourceFault with every fault of the file."""
    document = read_document(path)
    rules = validate(document, PackFile).rule
    if not rules:
        raise SourceFault([document.fault(("rule",), "the pack has no rule")])
    raise_if_any(_rule_faults(document, rules))
    plain = tuple(rule.model_dump(mode="json", exclude={"examples"}) for rule in rules)
    pack = Pack(document, plain, tuple(rule.examples for rule in rules))
    raise_if_any(_example_faults(pack, portable_scanner))
    return pack


@cache
def default_pack() -> Pack:
    """The pack of the distribution, which no process sees change."""
    return read_pack(DEFAULT_PACK)


def native_faults(pack: Pack) -> Iterator[Fault]:
    """A fault for each rule that the native engine refuses; none where it is not installed."""
    for index, reason in rejected(pack.patterns):
        key = "trigger" if pack.rules[index]["trigger"] else "pattern"
        yield pack.document.fault(("rule", index, key), f"the scan engine refuses it: {reason}")


def native_example_faults(pack: Pack) -> Iterator[Fault]:
    """A fault for each example on which the native engine fails; for checks, because it compiles rule by rule."""
    return _example_faults(pack, native_scanner)


def portable_scanner(pattern: Pattern) -> Automaton:
    return portable_automaton((pattern,))


def repeated_ids(packs: Iterable[Pack]) -> Iterator[Fault]:
    """A fault for each rule id that an earlier pack has."""
    seen: dict[str, str] = {}
    for pack in packs:
        for index, rule in enumerate(pack.rules):
            first = seen.setdefault(rule["id"], pack.document.path)
            if first != pack.document.path:
                yield pack.document.fault(("rule", index, "id"), f"{first} has a rule of this name")


def _rule_faults(document: Document, rules: Sequence[PackRule]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.id in seen:
            yield document.fault(("rule", index, "id"), "the pack has two rules of this name")
        seen.add(rule.id)
        for key, problem in _problems(rule):
            yield document.fault(("rule", index, key), problem)


def _problems(rule: PackRule) -> Iterator[tuple[str, str]]:
    """(key, problem) of one rule."""
    triggers = (rule.trigger,) if isinstance(rule.trigger, str) else rule.trigger or ()
    for key, expression in (("pattern", rule.pattern), *(("trigger", trigger) for trigger in triggers)):
        yield from ((key, problem) for problem in dialect_problems(expression))
    for expression in rule.allow:
        yield from (("allow", problem) for problem in dialect_problems(expression, anchors=True))
    if not dialect_problems(rule.pattern) and width(rule.pattern)[0] > rule.max_length:
        yield "max_length", "is shorter than the shortest match of the pattern"
    if rule.validator is not None and rule.validator not in VALIDATORS:
        known = ", ".join(sorted(VALIDATORS))
        yield "validator", f"is none of {known}{did_you_mean(rule.validator, VALIDATORS)}"
    if not all(keyword.isascii() for keyword in rule.keywords):
        yield "keywords", "must be ASCII"


def _example_faults(pack: Pack, scanner: Callable[[Pattern], Automaton | None]) -> Iterator[Fault]:
    """Each example goes through the same judging as a frame; the example itself is never quoted."""
    for index, (pattern, examples) in enumerate(zip(pack.patterns, pack.examples, strict=True)):
        automaton = scanner(pattern)
        if automaton is None:
            continue
        detector = Detector((pattern,), automaton)
        wanted = [("match", True, text) for text in examples.match]
        wanted += [("no_match", False, text) for text in examples.no_match]
        for key, is_found, text in wanted:
            if finds(detector, text) is not is_found:
                number = getattr(examples, key).index(text) + 1
                outcome = "is not found" if is_found else "is found"
                yield pack.document.fault(("rule", index, "examples"), f"example {number} of {key} {outcome}")


def finds(detector: Detector, text: str) -> bool:
    """Whether a frame that carries `text` yields a finding."""
    return bool(detector.inspect(json.dumps({"text": text}, ensure_ascii=False).encode()))
