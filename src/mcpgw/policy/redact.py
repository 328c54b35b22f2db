"""Splices: only the matched bytes of a token change, everything around them stays as it came."""

from __future__ import annotations

import re

from mcpgw.expressions import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# What stands in for a secret. An argument that holds one would overwrite the original value with it.
placeholder_pattern = expression(rb"\[mcpgw:[a-z0-9-]{1,80}:[A-Z2-7]{8}\]")

# Where a redaction may edit, as JSON pointers. Compiled when first needed: most sessions never redact.
# Objects of the protocol are the same wherever they travel: as a task's result, in an input request, in its answer.
_NESTED = r"^/result(?=/(?:result|error)(?:/|$))|^/result/inputRequests/[^/]+(?=/params/)|^/params/inputResponses/[^/]+"
_ITEM = r"(?:params|result)(?:/messages/\d+)?/contents?(?:/\d+)?(?:/content(?:/\d+)?)?"
# The peers' own data, of any shape: numbers may stand there, too.
_DATA = (
    r"/(?:params/(?:arguments|context/arguments|data)|result/structuredContent|error/data|"
    rf"{_ITEM}/(?:input|structuredContent))(?:/.*)?"
)
# What the protocol defines as text for people and models.
_TEXT = (
    r"/params/(?:message|reason|systemPrompt|statusMessage|argument/value)|/error/message|"
    r"/result/(?:description|instructions|(?:task/|tasks/\d+/)?statusMessage|completion/values/\d+)|"
    r"/result/(?:tools|prompts|resources|resourceTemplates)/\d+/(?:annotations/|arguments/\d+/)?(?:title|description)|"
    rf"/{_ITEM}/(?:text|title|description|resource/text)"
)
# The fields of a filled-in form; the names are those of the content items that may stand there instead.
_FORM = (
    r"/result/content/(?!(?:type|data|mimeType|uri|name|id|blob|toolUseId|_meta|annotations|icons)(?:/|$))"
    r"[^/]*[^/\d][^/]*(?:/\d+)?"
)
_URL_ELICITATION = r"/error/data/elicitations/\d+/(?:url|elicitationId|mode)"


def placeholder(rule: str, ref: str) -> bytes:
    """`[mcpgw:RULE:REF]`; rule ids are kebab-case, so this never needs escaping in JSON."""
    return f"[mcpgw:{rule}:{ref}]".encode()


def redactable(pointer: str, *, is_string: bool, is_key: bool) -> bool:
    """Whether the scalar at `pointer` may be edited: text, or the peers' own data, and nothing that they compare.

    Everything else (ids, cursors, uris, names, schemas, `_meta`, unknown fields) is blocked, never edited.
    """
    if is_key:
        return False
    pointer = re.sub(_NESTED, lambda found: "/result" if found.group().startswith("/params") else "", pointer)
    if re.fullmatch(_DATA, pointer, re.DOTALL):
        return re.fullmatch(_URL_ELICITATION, pointer) is None
    return is_string and re.fullmatch(f"{_TEXT}|{_FORM}", pointer) is not None


def splice(raw: bytes, edits: Iterable[tuple[int, int, bytes]]) -> bytes:
    """`raw` with each (start, end, replacement) done; of two that overlap the first wins and covers both."""
    kept: list[tuple[int, int, bytes]] = []
    for start, end, replacement in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if kept and start < kept[-1][1]:
            if end > kept[-1][1]:
                kept[-1] = (kept[-1][0], end, kept[-1][2])
            continue
        kept.append((start, end, replacement))
    parts: list[bytes] = []
    reached = 0
    for start, end, replacement in kept:
        parts += (raw[reached:start], replacement)
        reached = end
    return b"".join([*parts, raw[reached:]])


def mask(secret: bytes) -> str:
    """A preview that a person can recognise and nobody can use: a fifth of it at most, four letters at most."""
    shown = secret[: min(4, len(secret) // 5)].decode("ascii", "replace")
    return shown + "***"
