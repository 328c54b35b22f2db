"""Splices: only the matched bytes of a string token change, everything around them stays as it came."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# What stands in for a secret. An argument that holds one would overwrite the original value with it.
placeholder_pattern = re.compile(rb"\[mcpgw:[a-z0-9-]{1,80}:[A-Z2-7]{8}\]")

# Fields whose value the peers compare, sign or count on (facts of the protocol): blocked, never edited.
_NEVER_ALTERED = frozenset(
    {
        "jsonrpc", "id", "method", "protocolVersion", "requestState", "nextCursor", "cursor", "progressToken", "taskId",
        "resultType", "uri", "url", "elicitationId", "mimeType", "type", "name", "data", "blob",
    }
)  # fmt: skip
_DATA_IS_FREE = ("/error/", "/params/")  # error.data and a log notification's data are ordinary text


def placeholder(rule: str, ref: str) -> bytes:
    """`[mcpgw:RULE:REF]`; rule ids are kebab-case, so this never needs escaping in JSON."""
    return f"[mcpgw:{rule}:{ref}]".encode()


def redactable(pointer: str, *, is_string: bool, is_key: bool) -> bool:
    """Whether the string at `pointer` may be edited: a value, and none that the protocol hangs on."""
    if not is_string or is_key:
        return False
    last = pointer.rsplit("/", 1)[-1]
    if "/structuredContent/" in pointer or "/arguments/" in pointer:
        return True
    if last == "data" and pointer.startswith(_DATA_IS_FREE):
        return True
    return last not in _NEVER_ALTERED


def splice(raw: bytes, edits: Iterable[tuple[int, int, bytes]]) -> bytes:
    """`raw` with each (start, end, replacement) done, from the end backwards; of two that overlap the first wins."""
    kept: list[tuple[int, int, bytes]] = []
    for start, end, replacement in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if kept and start < kept[-1][1]:
            if end > kept[-1][1]:
                kept[-1] = (kept[-1][0], end, kept[-1][2])
            continue
        kept.append((start, end, replacement))
    for start, end, replacement in reversed(kept):
        raw = raw[:start] + replacement + raw[end:]
    return raw


def mask(secret: bytes) -> str:
    """A preview that a person can recognise and nobody can use: a fifth of it at most, four letters at most."""
    shown = secret[: min(4, len(secret) // 5)].decode("ascii", "replace")
    return shown + "***"
