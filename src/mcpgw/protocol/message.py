"""A frame read strictly as JSON-RPC 2.0; it keeps its raw bytes, because what was judged is what is forwarded."""

from __future__ import annotations

from enum import IntEnum
from itertools import islice
from json.encoder import encode_basestring_ascii
from math import isfinite

from mcpgw.expressions import expression
from mcpgw.protocol import plain, strict_json
from mcpgw.protocol.methods import PROTOCOL_VERSION_META, TOOLS_CALL
from mcpgw.protocol.strict_json import Lexeme, NotStrict
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

DEFAULT_MAX_DEPTH = 200
_read_plain = plain.read


class ProtocolError(Exception):
    """The only thing that parsing raises. reason: what is wrong, without a word of the frame."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MalformedText(ProtocolError):
    """Strings of the frame hold invalid UTF-8 or half a surrogate pair; `repaired` has U+FFFD in their place."""

    def __init__(self, reason: str, repaired: bytes) -> None:
        super().__init__(reason)
        self.repaired = repaired


class Kind(IntEnum):
    REQUEST = 0
    NOTIFICATION = 1
    RESULT = 2
    ERROR = 3
    BROKEN = 4


_KINDS = tuple(Kind)
NO_SPAN = (-1, -1)


class Message:
    """One JSON-RPC message. What the relay seldom looks at is parsed when it is asked for.

    raw: the frame with its line ending.  id: typed key (`1` is not `"1"`), None where there is none.
    tool: that a `tools/call` names.  revision: that a request names in its `_meta` (2026-07-28 and later).
    plain: whether no parser can read any key of it in another way.  params_span: where the params object stands in a
    plain message, NO_SPAN where there is none.  may_encode, may_name_task: whether the protocol's base64
    may stand in it, or the id of a task.
    """

    __slots__ = (
        "_members",
        "id",
        "kind",
        "may_encode",
        "may_name_task",
        "method",
        "params_span",
        "plain",
        "raw",
        "revision",
        "tool",
    )

    def __init__(
        self,
        raw: bytes,
        kind: Kind,
        identity: str | None,
        method: str | None,
        tool: str | None,
        revision: str | None,
        members: dict[str, Any] | None,
        params_span: tuple[int, int] = NO_SPAN,
        may_encode: bool = True,
        may_name_task: bool = True,
    ) -> None:
        self.raw = raw
        self.kind = kind
        self.id = identity
        self.method = method
        self.tool = tool
        self.revision = revision
        self.plain = members is None
        self.params_span = params_span
        self.may_encode = may_encode
        self.may_name_task = may_name_task
        self._members = members

    @property
    def members(self) -> dict[str, Any]:
        """The parsed envelope."""
        if self._members is None:
            self._members = strict_json.parse_object(self.raw.decode("utf-8"))
        return self._members

    @property
    def params(self) -> dict[str, Any]:
        """Its params object, empty where there is none or it is no object."""
        params = self.members.get("params")
        return params if isinstance(params, dict) else {}

    @property
    def id_text(self) -> str | None:
        """The id as JSON text; the same value as in the frame, escapes may be spelled another way."""
        return None if self.id is None else id_text(self.id)


class Batch(NamedTuple):
    """An array of messages (only 2025-03-26 knows them). spans: where each stands in `raw`, in bytes."""

    raw: bytes
    messages: tuple[Message, ...]
    spans: tuple[tuple[int, int], ...]


def parse(raw: bytes, *, max_depth: int = DEFAULT_MAX_DEPTH) -> Message | Batch:
    """Reads one frame. Raises ProtocolError (MalformedText where only text is at fault), nothing else."""
    if _read_plain is not None and (found := _read_plain(raw, max_depth)) is not None:
        kind, identity, method, start, end, name, revision, may_encode, may_name_task = found
        tool = name if method == TOOLS_CALL else None
        return Message(
            raw, _KINDS[kind], identity, method, tool, revision, None, (start, end), may_encode, may_name_task
        )
    return parse_thoroughly(raw, max_depth=max_depth)


def parse_thoroughly(raw: bytes, *, max_depth: int = DEFAULT_MAX_DEPTH) -> Message | Batch:
    """As `parse`, without the quick reader: what it says of a frame is what holds."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedText("not valid UTF-8", raw.decode("utf-8", "replace").encode()) from None
    if strict_json.has_lone_surrogate(text, raw):
        raise MalformedText("half a surrogate pair in a string", strict_json.replace_lone_surrogates(text).encode())
    try:
        if raw[:1] != b"{" and raw.lstrip(b" \t\r\n")[:1] == b"[":
            return _parse_batch(raw, text, max_depth)
        return _parse_message(raw, text, max_depth)
    except NotStrict as error:
        raise ProtocolError(str(error)) from None


def _parse_message(raw: bytes, text: str, max_depth: int) -> Message:
    members = strict_json.parse_object(text)
    if strict_json.depth_exceeds(members, max_depth, raw):
        raise NotStrict("nested too deeply")
    if members.get("jsonrpc") != "2.0":
        raise NotStrict("not a JSON-RPC 2.0 message")
    kind = _kind_of(members)
    method = members.get("method")
    if method is not None and not isinstance(method, str):
        raise NotStrict("the method is no string")
    params = members.get("params")
    identity = id_key(members["id"]) if "id" in members else None
    return Message(raw, kind, identity, method, _tool_in(method, params), _revision_in(params), members)


def _tool_in(method: str | None, params: Any) -> str | None:
    name = params.get("name") if method == TOOLS_CALL and isinstance(params, dict) else None
    return name if isinstance(name, str) else None


def _revision_in(params: Any) -> str | None:
    meta = params.get("_meta") if isinstance(params, dict) else None
    revision = meta.get(PROTOCOL_VERSION_META) if isinstance(meta, dict) else None
    return revision if isinstance(revision, str) else None


def _kind_of(members: dict[str, Any]) -> Kind:
    """Exactly one of request, notification, result and error, or NotStrict."""
    has_result, has_error = "result" in members, "error" in members
    if "method" in members:
        if not has_result and not has_error and members.get("id", 0) is not None:
            return Kind.REQUEST if "id" in members else Kind.NOTIFICATION
    elif has_result:
        if not has_error and members.get("id") is not None:
            return Kind.RESULT
    elif has_error:
        return Kind.ERROR
    raise NotStrict("neither a request, a notification nor a response")


def id_key(value: Any) -> str | None:
    """The table key of an id: a number's text, or a string behind a quote mark. Raises NotStrict for other types.

    A number that is whole but written with a fraction or an exponent is refused: peers would read it as another id.
    """
    if type(value) is int:  # the common case first; bool is another type
        return str(value)
    if isinstance(value, Lexeme):
        return str(value)
    if isinstance(value, float):
        if value.is_integer() or not isfinite(value):
            raise NotStrict("an id that parsers read differently")
        return repr(value)
    if isinstance(value, str):
        return '"' + value
    if value is None:
        return None
    raise NotStrict("an id that is neither a string nor a number")


def twin_key(key: str) -> str:
    """The key of the same id in the other type: `1` for `"1"`. Some peers convert, so an answer to it is ambiguous."""
    return key[1:] if key.startswith('"') else '"' + key


def id_text(key: str) -> str:
    """The JSON text of the id that a table key stands for."""
    return encode_basestring_ascii(key[1:]) if key.startswith('"') else key


def with_id(frame: bytes, identity: str) -> bytes:
    """A message's frame with another id (JSON text) and not a byte changed besides. It must have an id."""
    text = frame.decode("utf-8")
    span = strict_json.member_span(text, "id")
    if span is None:
        raise NotStrict("a message without an id")
    return f"{text[: span[0]]}{identity}{text[span[1] :]}".encode()


def _parse_batch(raw: bytes, text: str, max_depth: int) -> Batch:
    messages: list[Message] = []
    spans: list[tuple[int, int]] = []
    for start, end in strict_json.parse_elements(text):
        part = text[start:end]
        offset = len(text[:start].encode())
        encoded = part.encode()
        messages.append(_parse_message(encoded, part, max_depth - 1))
        spans.append((offset, offset + len(encoded)))
    if not messages:
        raise NotStrict("an empty batch")
    return Batch(raw, tuple(messages), tuple(spans))


_token = expression(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]+|-?\d[\d.eE+-]*')
_colon = expression(rb"[ \t\r\n]*:")
MAX_SALVAGED_IDS = 64
# A frame with more was built to be long in the reading; an id is then looked for at its end, where many servers put it.
MAX_SALVAGED_TOKENS = 50_000
SALVAGED_TAIL_BYTES = 1024
_LONGEST_ID_NAME = len(b'"\\u0069\\u0064"')


class Salvaged(NamedTuple):
    """Ids, as table keys, that a lenient reading of a broken frame could yield: at its first level, and deeper."""

    outer: tuple[str, ...]
    inner: tuple[str, ...]


def salvage_ids(raw: bytes) -> Salvaged:
    """Reads the ids of a frame that is no valid message. Raises nothing."""
    outer: list[str] = []
    inner: list[str] = []
    tokens = _ids(raw)
    for depth, key in islice(tokens, MAX_SALVAGED_TOKENS):
        if key is not None:
            (outer if depth <= 1 else inner).append(key)
        if len(outer) + len(inner) >= MAX_SALVAGED_IDS:
            break
    if next(tokens, None) is not None:
        inner += [key for _, key in _ids(raw[-SALVAGED_TAIL_BYTES:]) if key is not None]
    return Salvaged(tuple(dict.fromkeys(outer)), tuple(dict.fromkeys(inner)))


def _ids(raw: bytes) -> Iterator[tuple[int, str | None]]:
    """For each token how deep it stands, and the key of the id whose name it is."""
    depth = 0
    tokens = _token.finditer(raw)
    for token in tokens:
        lexeme = token.group()
        if lexeme[:1] in b"{[}]":
            depth += lexeme.count(b"{") + lexeme.count(b"[") - lexeme.count(b"}") - lexeme.count(b"]")
        elif lexeme[:1] == b'"' and _names_id(lexeme) and _colon.match(raw, token.end()):
            value = next(tokens, None)
            for key in () if value is None else _readings(value.group()):
                yield depth, key
        yield depth, None


def _names_id(lexeme: bytes) -> bool:
    if len(lexeme) > _LONGEST_ID_NAME:
        return False
    try:
        name, _ = strict_json.parse_value(lexeme.decode("utf-8", "replace"), 0)
    except NotStrict:
        return False
    return str(name).casefold() == "id"


def _readings(lexeme: bytes) -> tuple[str, ...]:
    try:
        value, _ = strict_json.parse_value(lexeme.decode("utf-8", "replace"), 0)
    except NotStrict:
        return ()
    if isinstance(value, float):
        return (str(int(value)),) if value.is_integer() else (repr(value),)
    if isinstance(value, Lexeme):
        return (str(value),)
    return ('"' + value,) if isinstance(value, str) else (str(value),)
