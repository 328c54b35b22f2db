"""The `format`s of JSON Schema that are understood: what surely has one, and a value of it that says nothing.

Each expression takes less than its format does, so that no validator refuses what it takes.
"""

from __future__ import annotations

import re

from mcpgw.values import NamedTuple

_DATE = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-][01]\d:[0-5]\d)"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"


class Format(NamedTuple):
    """expression: matches the whole text.  sample: a value of the format; `.invalid` is nobody's (RFC 2606)."""

    expression: str
    sample: str

    def fits(self, text: str) -> bool:
        return re.fullmatch(self.expression, text, re.ASCII | re.DOTALL) is not None


FORMATS = {
    "date": Format(_DATE, "2000-01-01"),
    "date-time": Format(f"{_DATE}T{_TIME}", "2000-01-01T00:00:00Z"),
    "time": Format(_TIME, "00:00:00Z"),
    "email": Format(r"[A-Za-z0-9]{1,32}@[a-z]{1,32}(?:\.[a-z]{1,32}){1,3}", "redacted@mcpgw.invalid"),
    "hostname": Format(r"[A-Za-z0-9]{1,63}(?:\.[A-Za-z0-9]{1,63}){0,3}", "redacted.invalid"),
    "ipv4": Format(rf"{_OCTET}(?:\.{_OCTET}){{3}}", "0.0.0.0"),
    "ipv6": Format(r"::", "::"),
    "uri": Format(
        r"[a-z][a-z0-9+.-]{0,30}:(?:[A-Za-z0-9_.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2}){1,8000}", "urn:mcpgw:redacted"
    ),
    "uuid": Format(
        r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        "00000000-0000-0000-0000-000000000000",
    ),
    "password": Format(r".*", ""),
}
# One above the largest integer, and one below the smallest with its sign turned.
INTEGER_LIMITS = {"int32": 2**31, "int64": 2**63}
FLOATS = frozenset({"float", "double"})
