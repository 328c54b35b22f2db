"""What is shown of a client's config holds no detected secret: the same rules as on the wire, on plain text."""

from __future__ import annotations

from functools import cache

from mcpgw.config.packs import DEFAULT_PACK, read_pack
from mcpgw.detect.engine import portable_automaton
from mcpgw.detect.pipeline import Detector
from mcpgw.policy.redact import mask, splice


def masked(text: str) -> str:
    """`text` with every match of a default rule shortened to its preview."""
    raw = text.encode("utf-8", "surrogatepass")
    spans = _detector().inspect_text(raw)
    edits = [(start, end, mask(raw[start:end]).encode()) for _, start, end in spans]
    return splice(raw, edits).decode("utf-8", "surrogatepass")


@cache
def _detector() -> Detector:
    # The native engine, which is not used here, is not asked: that takes longer than all the masking.
    patterns = read_pack(DEFAULT_PACK).patterns
    return Detector(patterns, portable_automaton(patterns))
