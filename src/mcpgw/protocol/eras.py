"""Era belongs to a message: a 2026-07-28 request names its revision in `_meta`, older ones follow `initialize`."""

from __future__ import annotations

from mcpgw.protocol.methods import (
    CLIENT_INFO_META,
    FIRST_STATELESS_REVISION,
    INITIALIZE,
    REVISIONS,
)

_CLIENT_INFO_NAME = b"clientInfo"  # the end of both keys
_HANDSHAKE_REVISIONS = tuple(revision for revision in REVISIONS if revision < FIRST_STATELESS_REVISION)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mcpgw.protocol.message import Message


def is_stateless(message: Message) -> bool:
    """Whether a request comes in the form of 2026-07-28 or later (revisions are dates, so they compare as text)."""
    return message.revision is not None and message.revision >= FIRST_STATELESS_REVISION


def client_of(message: Message) -> tuple[str, str] | None:
    """Name and version that a client gives of itself, in either era. Unverified: shown, never decided on."""
    if message.method == INITIALIZE:
        return _name_and_version(message.params.get("clientInfo"))
    if message.plain and _CLIENT_INFO_NAME not in message.raw:
        return None
    meta = message.params.get("_meta")
    return _name_and_version(meta.get(CLIENT_INFO_META)) if isinstance(meta, dict) else None


def negotiated_revision(result: Any) -> str | None:
    """The revision that an `initialize` result settles on."""
    revision = result.get("protocolVersion") if isinstance(result, dict) else None
    return revision if isinstance(revision, str) else None


def agreed_revision(wanted: Any) -> str:
    """What to answer an `initialize` with: the client's revision if that has a handshake, else the newest that has."""
    return wanted if wanted in _HANDSHAKE_REVISIONS else _HANDSHAKE_REVISIONS[-1]


def _name_and_version(declared: Any) -> tuple[str, str] | None:
    if not isinstance(declared, dict) or not isinstance(declared.get("name"), str):
        return None
    return declared["name"][:100], str(declared.get("version", ""))[:50]
