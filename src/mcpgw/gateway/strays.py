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

    def to_client(self, message: Message, frame: bytes) -> bytes | None:
        """What to send in place of `frame`, as which the server's message was to pass; None: that."""
        if message.kind is Kind.REQUEST and message.id_text in self._open:
            self._given += 1
            ours = own_id(self._mark, self._given)
            self._named[key_of(ours)] = message.id_text
            self._ours[message.id_text] = quote(ours)
            return with_id(frame, quote(ours))
        if message.method == CANCELLED and (cancelled := _cancelled(message)) in self._ours:
            return cancellation(self._ours[cancelled], "the server says so")
        return None

    def to_server(self, message: Message) -> bytes | None:
        """The client's answer under the id that the server knows, or None where it stands already."""
        if message.kind not in (Kind.RESULT, Kind.ERROR):
            return None
        theirs = self._named.pop(message.id or "", None)
        if theirs is None:
            return None
        self._ours.pop(theirs, None)
        return with_id(message.raw, theirs)


def read(frame: bytes) -> Message | None:
    """The message that a frame is; None for what the session will refuse anyway, and for a batch."""
    try:
        message = parse(frame)
    except ProtocolError:
        return None
    return message if isinstance(message, Message) else None


def _cancelled(message: Message) -> str:
    try:
        key = id_key(message.params.get("requestId"))
    except NotStrict:
        return ""
    return "" if key is None else id_text(key)
