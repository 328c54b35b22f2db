"""What is shown of a client's config holds no detected secret: the rules of the wire, and names that tell of one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

from mcpgw.detect.engine import ScanOverBudget, portable_automaton
from mcpgw.detect.pipeline import Detector
from mcpgw.policy.redact import mask, splice
from mcpgw.registry.entry import Command
from mcpgw.registry.literals import literal_secrets

_UNCHECKED = "***"  # in place of each word where there are too many candidates to look at


def masked(text: str) -> str:
    """`text` with every match of a default rule shortened to its preview."""
    raw = text.encode("utf-8", "surrogatepass")
    spans = _detector().inspect_text(raw)
    edits = [(start, end, mask(raw[start:end]).encode()) for _, start, end in spans]
    return splice(raw, edits).decode("utf-8", "surrogatepass")


def masked_words(words: Sequence[str]) -> tuple[str, ...]:
    """The words of a command line; what an option before it calls a secret (`--api-key X`) is one, too."""
    try:
        found = literal_secrets(json.dumps(list(words)).encode(), _detector())
        plain = list(words)
        for literal in found:
            place = int(literal.pointer.removeprefix("/"))
            preview = mask(literal.secret.encode("utf-8", "surrogatepass"))
            plain[place] = plain[place].replace(literal.secret, preview)
        return tuple(map(_masked_word, plain))
    except ScanOverBudget:
        return tuple(_UNCHECKED for _ in words)


def masked_command(command: Command) -> Command:
    """The same of an entry's command and args."""
    program, *args = masked_words((command[0], *(command[1] or ())))
    return program, None if command[1] is None else tuple(args)


@cache
def _masked_word(word: str) -> str:
    """The words of a plan come again and again: launcher, `npx`, `-y`."""
    return masked(word)


@cache
def _detector() -> Detector:
    # Reading a pack takes pydantic, and more time than all else that a verb does which shows nothing to mask.
    from mcpgw.config.packs import default_pack

    # The native engine, which is not used here, is not asked: that takes longer than all the masking.
    patterns = default_pack().patterns
    return Detector(patterns, portable_automaton(patterns))
