"""What is answered in the place of frames that are never forwarded, and which requests were refused."""

from __future__ import annotations

from mcpgw.audit.record import Record
from mcpgw.gateway import answers
from mcpgw.gateway.answers import Code
from mcpgw.gateway.effects import ToClient, ToServer, to
from mcpgw.gateway.records import broken
from mcpgw.protocol.message import Kind, Salvaged, id_key, id_text, salvage_ids, twin_key
from mcpgw.protocol.methods import Direction
from mcpgw.protocol.strict_json import NotStrict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.gateway.effects import Effect
    from mcpgw.protocol.message import Batch, Message
    from mcpgw.protocol.pending import PendingTable

AMBIGUOUS = "ambiguous-frame"
# Ids of refused requests, kept so that a cancellation of one is not passed on.
MAX_REFUSED = 1_000


class Refusals:
    """asked: the requests that wait, by the direction in which they travelled.  reference: makes the next REF."""

    def __init__(self, asked: tuple[PendingTable, PendingTable], reference: Callable[[], str]) -> None:
        self._asked = asked
        self._reference = reference

    def frame(self, direction: Direction, frame: bytes, message: Message | None, reason: str) -> list[Effect]:
        """Never forwarded, recorded, and whoever waits because of it gets an error."""
        ref = self._reference()
        effects: list[Effect] = [broken(direction, frame, "refuse", reason, ref)]
        text = answers.refused_frame(reason, ref)
        ids = Salvaged((message.id, twin_key(message.id)), ()) if message and message.id else salvage_ids(frame)
        asks = message.kind is Kind.REQUEST if message is not None else b'"method"' in frame
        if message is None or message.kind in (Kind.RESULT, Kind.ERROR):
            waiting = self._asked[direction.back]
            answers_something = direction is Direction.TO_CLIENT or not asks
            settled = waiting.settle_any(ids.outer + ids.inner, unreadable=not ids.outer) if answers_something else []
            for request in settled:
                error = answers.error(request.id_text, Code.AMBIGUOUS, text, rule=AMBIGUOUS, ref=ref)
                effects.append(to(direction, error))
            if settled:
                return effects
        if asks and ids.outer:
            error = answers.error(id_text(ids.outer[0]), Code.AMBIGUOUS, text, rule=AMBIGUOUS, ref=ref)
            effects.append(to(direction.back, error))
        elif message is None and direction is Direction.TO_SERVER:
            error = answers.error(None, Code.PARSE, text, rule=AMBIGUOUS, ref=ref)
            effects.append(to(direction.back, error))
        return effects

    def batch(self, direction: Direction, batch: Batch) -> list[Effect]:
        """The sender of an array gets its errors as an array, which is how JSON-RPC answers a batch."""
        records: list[Effect] = []
        answers_by_end: dict[type[ToClient] | type[ToServer], list[bytes]] = {ToClient: [], ToServer: []}
        for message in batch.messages:
            for effect in self.frame(direction, message.raw, message, "a batch outside revision 2025-03-26"):
                if isinstance(effect, Record):
                    records.append(effect)
                elif isinstance(effect, ToClient | ToServer):
                    answers_by_end[type(effect)].append(effect.frame.rstrip(b"\n"))
        return records + [end(b"[" + b",".join(some) + b"]\n") for end, some in answers_by_end.items() if some]


class Refused:
    """The ids of the client's requests that the gateway answered itself. waiting: those that were passed on."""

    def __init__(self, waiting: PendingTable) -> None:
        self._waiting = waiting
        self._keys: dict[str, None] = {}

    def add(self, key: str | None) -> None:
        if key is not None:
            self._keys[key] = None
            if len(self._keys) > MAX_REFUSED:
                del self._keys[next(iter(self._keys))]

    def cancelled_by(self, message: Message) -> bool:
        """Whether a cancellation is about one of them."""
        try:
            key = id_key(message.params.get("requestId"))
        except NotStrict:
            return False
        return key in self._keys and key not in self._waiting
