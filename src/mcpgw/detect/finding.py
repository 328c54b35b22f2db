"""What a detector saw, and where. The secret itself lives in memory only: `repr` leaves it out."""

from __future__ import annotations

from mcpgw.values import NamedTuple


class Finding(NamedTuple):
    """One match of one rule.

    start, end: its raw bytes in the frame.  pointer: the JSON pointer of the scalar that holds it.
    inner: its place in the decoded bytes, for one inside a base64 string; start and end are then that whole string.
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
    inner: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"Finding({self.rule!r}, {self.pointer!r}, {self.start}, {self.end})"
