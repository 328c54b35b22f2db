"""Encoded bytes in a message: text among them is decoded and looked at, pictures and sound cost their size only."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64

from mcpgw.detect.walk import find_places
from mcpgw.protocol.content import resolve, shaped_objects
from mcpgw.protocol.strict_json import parse_object
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
SEARCHED_BYTES = 48  # of a blob's text; what follows is compared


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
    spans = _searched(raw, blobs) if len(blobs) <= MAX_SEARCHED else None
    if spans is None:
        places = find_places(raw, {blob.pointer for blob in blobs})
        return [(places[blob.pointer][-1].start, places[blob.pointer][-1].end) for blob in blobs]
    return spans


def _searched(raw: bytes, blobs: list[Blob]) -> list[tuple[int, int]] | None:
    """The spans by a search for the texts; None unless it is sure that no other string was taken for a blob."""
    spans: list[tuple[int, int]] = []
    follows: dict[str, int] = {}  # where to look for the next blob of the same text
    for blob in blobs:
        text = b'"' + blob.text.encode() + b'"'
        at = raw.find(text[:SEARCHED_BYTES], follows.get(blob.text, 0))
        while at >= 0 and not raw.startswith(text, at):
            at = raw.find(text[:SEARCHED_BYTES], at + 1)
        if at < 0:
            return None  # it is spelled with escapes
        follows[blob.text] = at + len(text) - 1
        spans.append((at + 1, at + len(text) - 1))
    return spans if _are_blobs(raw, blobs, spans) else None


def _are_blobs(raw: bytes, blobs: list[Blob], spans: list[tuple[int, int]]) -> bool:
    """Whether marks put in these places stand where the blobs' pointers lead. The rest of the frame is mostly short."""
    parts: list[bytes] = []
    reached = 0
    for number, (start, end) in sorted(enumerate(spans), key=lambda numbered: numbered[1]):
        parts += [raw[reached:start], b"#%d#" % number]
        reached = end
    marked = parse_object(b"".join([*parts, raw[reached:]]).decode())
    return all(resolve(marked, blob.pointer) == f"#{number}#" for number, blob in enumerate(blobs))
