"""Makes the message that leaves after a redaction: types and schema hold, text copies agree, all else is as it came.

Where no such message can be made there is none, and the original is blocked.
"""

from __future__ import annotations

import json
from binascii import b2a_base64

from mcpgw.detect.blobs import blobs_in, spans_of
from mcpgw.detect.unfold import unfold, whole_letters
from mcpgw.detect.walk import find_places, locate
from mcpgw.gateway.documents import Document, Home
from mcpgw.policy.redact import placeholder, splice
from mcpgw.policy.rule import Action
from mcpgw.policy.shape import Unsupported
from mcpgw.policy.stand_in import in_number
from mcpgw.protocol.content import resolve, shaped_objects
from mcpgw.protocol.message import Message, ProtocolError, parse
from mcpgw.protocol.strict_json import NotStrict, parse_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mcpgw.detect.blobs import Blob
    from mcpgw.detect.walk import Place
    from mcpgw.gateway.documents import Edit, Found
    from mcpgw.policy.decide import Decision, Judged

_STRUCTURED = frozenset({"structuredContent"})
# Secrets that are replaced in one message; each takes a good share of a millisecond. A message with more is blocked.
MAX_SECRETS = 5_000
# And bytes of that message: it is parsed, twice. Clients of the TypeScript SDK take no longer line (10 MiB), either.
MAX_BYTES = 10 << 20
# Where a tool's own result stands: as the answer, or as the result of a task.
_TOOLS_RESULTS = ("/result", "/result/result")


def redacted(message: Message, decision: Decision, schema: str | None, *, max_depth: int) -> Message | None:
    """The message without the secrets that are to be redacted, or None where it cannot be made.

    schema: JSON text of the outputSchema of the tool that answers; None where it has none.
    """
    secrets = [one for one in decision.findings if one.action is Action.REDACT]
    if len(secrets) > MAX_SECRETS or len(message.raw) > MAX_BYTES:
        return None
    redaction = _Redaction(message, None if schema is None else json.loads(schema))
    try:
        left = parse(redaction.frame(secrets), max_depth=max_depth)
        return left if isinstance(left, Message) and redaction.copies_agree(left) else None
    except (Unsupported, ProtocolError, LookupError):
        return None


class _Redaction:
    """The redaction of one message."""

    def __init__(self, message: Message, schema: Any) -> None:
        self._message = message
        self._schema = schema
        self._raw = message.raw
        self._twins: list[tuple[str, str]] = []  # pointers of a structured result and of its text copy
        self._documents: list[Document] = []
        self._in_frame: dict[str, tuple[Document, Home]] = {}  # by pointer
        self._in_text: dict[int, tuple[Document, Home]] = {}  # by where the string that holds it begins

    def frame(self, secrets: list[Judged]) -> bytes:
        """The redacted frame. Raises Unsupported where there can be none."""
        plain = [one for one in secrets if one.inner is None]
        places = locate(self._raw, sorted({one.start for one in plain}))
        self._find_documents({place.start: place for place in places.values()})
        edits = self._blob_edits([one for one in secrets if one.inner is not None])
        edits += self._assign([(one, places[one.start]) for one in plain])
        changed = [document for document in self._documents if document.secrets]
        spelled = find_places(self._raw, {pointer for document in changed for pointer in document.in_frame()})
        for document in changed:
            edits += document.edits(spelled)
        return splice(self._raw, edits)

    def copies_agree(self, left: Message) -> bool:
        """Whether every text copy in the redacted message says what its original says."""
        return all(
            _same_json(resolve(left.members, text), resolve(left.members, structured))
            for structured, text in self._twins
        )

    # -- documents -------------------------------------------------------------------------------------------------

    def _find_documents(self, touched: dict[int, Place]) -> None:
        """Notes each structured result with its copies, and each other JSON text. touched: what holds a secret."""
        copies: dict[str, tuple[str, Document]] = {}
        for owner, node in shaped_objects(self._message.members, _STRUCTURED):
            home = Home(self._raw, f"{owner}/structuredContent", None)
            schema = self._schema if owner in _TOOLS_RESULTS else None
            document = Document(node["structuredContent"], [home], schema)
            self._documents.append(document)
            self._in_frame[home.base] = document, home
            copies |= {f"{owner}/content/{index}/text": (home.base, document) for index in _copies(node)}
        for pointer, places in find_places(self._raw, set(copies)).items():
            base, document = copies[pointer]
            self._twins.append((base, pointer))
            self._add_text(document, places[-1])
        for start, place in touched.items():
            if start not in self._in_text and place.pointer.endswith("/text"):
                self._add_other(place)

    def _add_other(self, place: Place) -> None:
        try:
            value = _container(unfold(self._raw[place.start : place.end], place.start).text)
        except NotStrict:
            return
        document = Document(value, [], None)
        self._documents.append(document)
        self._add_text(document, place)

    def _add_text(self, document: Document, place: Place) -> None:
        outer = unfold(self._raw[place.start : place.end], place.start)
        home = Home(outer.text, "", outer)
        document.homes.append(home)
        self._in_text[place.start] = (document, home)

    # -- edits -----------------------------------------------------------------------------------------------------

    def _assign(self, found: list[tuple[Judged, Place]]) -> list[Edit]:
        """Gives each secret to its document; returns the edits of those that stand in none."""
        edits: list[Edit] = []
        by_home: dict[int, tuple[Document, Home, list[Found]]] = {}
        for one, place in found:
            owner = self._in_text.get(place.start) or self._owner(place.pointer)
            if owner is None:
                edits.append(_edit(one, self._raw))
                continue
            document, home = owner
            by_home.setdefault(id(home), (document, home, []))[2].append((one, place))
        for document, home, some in by_home.values():
            edits += document.note(home, some)
        return edits

    def _owner(self, pointer: str) -> tuple[Document, Home] | None:
        while pointer and pointer not in self._in_frame:
            pointer = pointer.rpartition("/")[0]
        return self._in_frame.get(pointer)

    def _blob_edits(self, secrets: list[Judged]) -> list[Edit]:
        """One edit for each base64 string: decoded, redacted, and encoded again as a whole."""
        if not secrets:
            return []
        blobs = blobs_in(self._message.members)
        by_start = {start: blob for blob, (start, _) in zip(blobs, spans_of(self._raw, blobs), strict=True)}
        inner: dict[tuple[int, int], list[Edit]] = {}
        for one in secrets:
            if one.inner is not None:
                inner.setdefault((one.start, one.end), []).append((*one.inner, placeholder(one.rule, one.ref)))
        return [(*span, _encoded(by_start[span[0]], edits)) for span, edits in inner.items()]


def _edit(one: Judged, raw: bytes) -> Edit:
    """The edit of a secret that stands in no document."""
    stand_in = placeholder(one.rule, one.ref) if one.is_string else in_number(raw[one.start : one.end])
    return one.start, one.end, stand_in


def _encoded(blob: Blob, edits: list[Edit]) -> bytes:
    """The blob's text after `edits` of its bytes."""
    text = blob.decoded() or b""
    whole = [(*whole_letters(text, start, end), stand_in) for start, end, stand_in in edits]
    return b2a_base64(splice(text, whole), newline=False)


def _copies(node: dict[str, Any]) -> list[int]:
    """Which content items say as text what the structured result says."""
    content = node.get("content")
    items = enumerate(content if isinstance(content, list) else ())
    return [
        index
        for index, item in items
        if isinstance(item, dict) and _same_json(item.get("text"), node["structuredContent"])
    ]


def _container(text: bytes) -> Any:
    """The object or array that `text` is. Raises NotStrict: a lone word or number is no document, only text."""
    if text.lstrip()[:1] not in (b"{", b"["):
        raise NotStrict("no container")
    return _read(text.decode("utf-8", "surrogatepass"))


def _same_json(text: Any, value: Any) -> bool:
    try:
        return isinstance(text, str) and bool(_read(text) == value)
    except NotStrict:
        return False


def _read(text: str) -> Any:
    """The JSON value that `text` is. Raises NotStrict."""
    stripped = text.strip(" \t\r\n")
    value, end = parse_value(stripped, 0)
    if end != len(stripped):
        raise NotStrict("something follows the value")
    return value
