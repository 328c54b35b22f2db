"""Requests of a server that has ended, which the client may still answer: no answer to one reaches the next life.

A server counts its ids from the start again. A request of the new life whose id the client may still have open gets an
id of the gateway's on its way, and its own back on the answer's.
"""

from __future__ import annotations

from mcpgw.audit.record import quote
from mcpgw.gateway.continuity import cancellation, key_of, own_id
from mcpgw.protocol.message import Kind, Message, ProtocolError, id_key, id_text, parse, with_id
from mcpgw.protocol.methods import CANCELLED
from mcpgw.protocol.strict_json import NotStrict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# A client answers, or was told that it need not; what it leaves open beyond that is forgotten, the oldest first.
MAX_STRAYS = 1_000


class Strays:
    """The ids (JSON text) that the client may still answer, and those that travel under another name."""

    def __init__(self, mark: str) -> None:
        self._mark = f"{mark}-r"
        self._given = 0
        self._open: dict[str, None] = {}
        self._named: dict[str, str] = {}  # ours -> the server's, as table key and JSON text
        self._ours: dict[str, str] = {}  # the server's -> ours, both JSON text

    @property
    def any(self) -> bool:
        return bool(self._open or self._named)

    def left(self, ids: Iterable[str]) -> list[bytes]:
        """The server has ended with these requests open: what the client is told about them."""
        asked = [self._ours.get(identity, identity) for identity in ids]
        for identity in [*asked, *self._ours.values()]:
            self._open[identity] = None
        self._named.clear()
        self._ours.clear()
        while len(self._open) > MAX_STRAYS:
            del self._open[next(iter(self._open))]
        return [cancellation(identity, "the server that asked has ended") for identity in asked]

    def answers_one(self, message: Message) -> bool:
        """Whether this is the client's answer to a request of a server that has ended; asked once for each answer."""
        if message.kind not in (Kind.RESULT, Kind.ERROR) or message.id_text not in self._open:
            return False
        del self._open[message.id_text]
        return True

    def renamed(self, frame: bytes) -> bytes:
        """What to send to the client in place of `frame`: no request in it has an id that the client has open."""
        messages = elements(frame)
        return regrouped(frame, messages, [self._to_client(message) for message in messages])

    def _to_client(self, message: Message) -> bytes:
        if message.kind is Kind.REQUEST and message.id_text in self._open:
            self._given += 1
            ours = own_id(self._mark, self._given)
            self._named[key_of(ours)] = message.id_text
            self._ours[message.id_text] = quote(ours)
            return with_id(message.raw, quote(ours))
        key = cancelled_by(message) if message.method == CANCELLED else None
        named = self._ours.get(id_text(key)) if key is not None else None
        return message.raw if named is None else cancellation(named, "the server says so")

    def to_server(self, message: Message) -> bytes:
        """The client's message; an answer of its under the id that the server knows."""
        if message.kind not in (Kind.RESULT, Kind.ERROR):
            return message.raw
        theirs = self._named.pop(message.id or "", None)
        if theirs is None:
            return message.raw
        self._ours.pop(theirs, None)
        return with_id(message.raw, theirs)


def elements(frame: bytes) -> tuple[Message, ...]:
    """The messages of a frame: one, those of an array, or none of what the session will refuse anyway."""
    try:
        message = parse(frame)
    except ProtocolError:
        return ()
    return (message,) if isinstance(message, Message) else message.messages


def regrouped(frame: bytes, messages: tuple[Message, ...], kept: list[bytes]) -> bytes:
    """The frame of which `messages` are the elements, with `kept` in their place; b"" without any."""
    if kept == [message.raw for message in messages]:
        return frame
    if not kept or messages[0].raw is frame:
        return b"".join(kept)
    return b"[" + b",".join(each.strip() for each in kept) + b"]\n"


def read(frame: bytes) -> Message | None:
    """The message that a frame is; None for what the session will refuse anyway, and for an array."""
    messages = elements(frame)
    return messages[0] if messages and messages[0].raw is frame else None


def cancelled_by(message: Message) -> str | None:
    """The table key of the request that a cancellation names."""
    try:
        return id_key(message.params.get("requestId"))
    except NotStrict:
        return None
