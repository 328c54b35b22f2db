"""Encoded bytes in a message: text among them is decoded and looked at, pictures and sound cost their size only."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64

from mcpgw.detect.walk import find_places
from mcpgw.protocol.content import shaped_objects
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KEYS = frozenset({"blob", "data"})
# Formats whose bytes are no text. An unknown type may be text, and so may image/svg+xml.
_MEDIA = (
    r"(?:image|audio|video|font)/(?!svg)|application/(?:zip|gzip|x-gzip|x-tar|x-bzip2|zstd|x-7z-compressed|pdf|wasm)\b"
)
# Above this many, one walk over the frame finds them faster than a search for each.
MAX_SEARCHED = 8


class Blob(NamedTuple):
    """A base64 string of the protocol's. pointer: where it stands.  text: as it came.  mime: its type, or ""."""

    pointer: str
    text: str
    mime: str

    @property
    def is_media(self) -> bool:
        """Whether nothing in it is text."""
        return re.match(_MEDIA, self.mime, re.IGNORECASE) is not None

    @property
    def label(self) -> str:
        """What may be recorded of it."""
        return f"({self.mime or 'no type'}, {len(self.text) * 3 // 4} bytes)"

    def decoded(self) -> bytes | None:
        """Its bytes; None where it is no base64 (RFC 4648, either alphabet, padded or not)."""
        text = "".join(self.text.split()).translate({ord("-"): "+", ord("_"): "/"})
        try:
            return a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
        except (Error, ValueError):
            return None


def blobs_in(members: dict[str, Any]) -> list[Blob]:
    """Every `blob` of a resource and `data` of a content item in a message."""
    found: list[Blob] = []
    for pointer, node in shaped_objects(members, _KEYS):
        mime = node.get("mimeType")
        mime = mime if isinstance(mime, str) else ""
        if isinstance(blob := node.get("blob"), str):
            found.append(Blob(f"{pointer}/blob", blob, mime))
        if isinstance(data := node.get("data"), str) and (mime or node.get("type") in ("image", "audio")):
            found.append(Blob(f"{pointer}/data", data, mime))
    return found


def spans_of(raw: bytes, blobs: list[Blob]) -> list[tuple[int, int]]:
    """Where each blob's text stands in the frame, without its quotes."""
    spans = [_search(raw, blob) for blob in blobs] if len(blobs) <= MAX_SEARCHED else [None]
    if None not in spans:
        return [span for span in spans if span is not None]
    places = find_places(raw, {blob.pointer for blob in blobs})
    return [(place.start, place.end) for blob in blobs for place in places.get(blob.pointer, [])[-1:]]


def _search(raw: bytes, blob: Blob) -> tuple[int, int] | None:
    """The span if those bytes stand once in the frame: then no other string is taken for the blob."""
    text = b'"' + blob.text.encode() + b'"'
    at = raw.find(text)
    return (at + 1, at + len(text) - 1) if at >= 0 and raw.find(text, at + 1) < 0 else None
