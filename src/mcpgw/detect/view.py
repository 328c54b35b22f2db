"""The same-length view of text that is scanned: simple escapes are separators, and every offset stays what it was."""

from __future__ import annotations

from mcpgw.protocol import plain

_quick_view = plain.view

# Two letters each in JSON text, so two spaces keep the length.
_SEPARATOR_ESCAPES = (b"\\n", b"\\t", b"\\r", b'\\"')


def scan_view(raw: bytes) -> bytes:
    """`raw` with `\\n \\t \\r \\"` blanked. A backslash that is left marks a string to be decoded and scanned alone."""
    if _quick_view is not None:
        return _quick_view(raw)
    if b"\\" not in raw:
        return raw
    for escape in _SEPARATOR_ESCAPES:
        raw = raw.replace(escape, b"  ")
    return raw
