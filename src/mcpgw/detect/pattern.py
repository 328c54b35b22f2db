"""A detection rule's matching part, as the snapshot holds it: data in, compiled expression out."""

from __future__ import annotations

import re

from mcpgw.expressions import expression
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Pattern(NamedTuple):
    """What one rule looks for.

    expression: decides, on a window around a candidate; a capturing group, where there is one, is the secret itself.
    triggers: what the automaton reports candidates by, each bytes of a regular expression.
    keywords: lower-case literals, one of which must stand in the text (the portable engine's prefilter).
    max_length: the longest match, in bytes.  boundary: key of engine.BOUNDARIES (what may not touch the secret) or "".
    validator: name of a check in detect.validators, or "".  entropy: least bits per character, 0 for none.
    allow: a match that one of these describes is no finding.
    """

    id: str
    severity: str
    expression: re.Pattern[bytes]
    triggers: tuple[bytes, ...]
    caseless: bool
    keywords: tuple[bytes, ...]
    max_length: int
    boundary: str
    validator: str
    entropy: float
    allow: re.Pattern[bytes] | None


def from_plain(plain: Mapping[str, Any]) -> Pattern:
    """A Pattern from the snapshot's (or a pack's) mapping. Raises KeyError or ValueError for a bad one."""
    flags = re.DOTALL | (re.IGNORECASE if plain.get("caseless") else 0)
    allow = plain.get("allow") or []
    trigger = plain.get("trigger") or plain["pattern"]
    return Pattern(
        id=plain["id"],
        severity=plain["severity"],
        expression=expression(plain["pattern"].encode("ascii"), flags),
        triggers=tuple(one.encode("ascii") for one in ([trigger] if isinstance(trigger, str) else trigger)),
        caseless=bool(plain.get("caseless")),
        keywords=tuple(keyword.lower().encode("ascii") for keyword in plain.get("keywords") or ()),
        max_length=int(plain["max_length"]),
        boundary=plain.get("boundary") or "",
        validator=plain.get("validator") or "",
        entropy=float(plain.get("entropy") or 0),
        allow=expression("|".join(f"(?:{part})" for part in allow).encode("ascii"), re.IGNORECASE) if allow else None,
    )
