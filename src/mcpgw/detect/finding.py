"""What a detector saw, and where. The secret itself lives in memory only: `repr` leaves it out."""

from __future__ import annotations

from mcpgw.values import NamedTuple


class Finding(NamedTuple):
    """One match of one rule.

    start, end: its raw bytes in the frame.  pointer: the JSON pointer of the scalar that holds it.
    secret: the matched text, for the fingerprint and the own-credential test; never written anywhere.
    """

    rule: str
    severity: str
    start: int
    end: int
    pointer: str
    is_string: bool
    is_key: bool
    secret: bytes

    def __repr__(self) -> str:
        return f"Finding({self.rule!r}, {self.pointer!r}, {self.start}, {self.end})"
