"""The default rules as a detector, with either engine."""

from __future__ import annotations

from functools import cache

import hyperscan

from mcpgw.config.packs import DEFAULT_PACK, load_pack
from mcpgw.detect.engine import native_automaton, portable_automaton
from mcpgw.detect.pattern import Pattern, from_plain
from mcpgw.detect.pipeline import Detector

ENGINES = ("native", "portable")


@cache
def patterns() -> tuple[Pattern, ...]:
    return tuple(map(from_plain, load_pack(DEFAULT_PACK)))


@cache
def detector(engine: str) -> Detector:
    """The eleven default rules behind `native` (hyperscan) or `portable` (re)."""
    rules = patterns()
    if engine == "portable":
        return Detector(rules, portable_automaton(rules))
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    caseless = hyperscan.HS_FLAG_CASELESS
    triggers = [(index, rule, trigger) for index, rule in enumerate(rules) for trigger in rule.triggers]
    database.compile(
        expressions=[trigger for _, _, trigger in triggers],
        ids=[index for index, _, _ in triggers],
        elements=len(triggers),
        flags=[hyperscan.HS_FLAG_DOTALL | (caseless if rule.caseless else 0) for _, rule, _ in triggers],
    )
    return Detector(rules, native_automaton(database, hyperscan.Scratch(database), hyperscan.ScanTerminated))
