"""Who waits for the server: every request is answered, by the server or in its place, and a tools/call is sent once.

What changes nothing at the server may be asked again in its next life, once.
"""

from __future__ import annotations

from mcpgw.audit.record import deed
from mcpgw.gateway import answers
from mcpgw.gateway.answers import Code
from mcpgw.gateway.continuity import cancellation
from mcpgw.gateway.effects import ToClient, ToServer
from mcpgw.gateway.parking import HOLD_SECONDS, Parking
from mcpgw.gateway.strays import elements, regrouped
from mcpgw.gateway.timeouts import Deadlines
from mcpgw.protocol.message import Kind, id_text
from mcpgw.protocol.methods import INITIALIZE, REPEATABLE, TOOLS_CALL, Direction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.gateway.effects import Effect
    from mcpgw.gateway.parking import Parked
    from mcpgw.gateway.session import Session
    from mcpgw.protocol.message import Message
    from mcpgw.protocol.pending import Pending, PendingTable

DOWN = "server-down"
TIMEOUT = "request/timeout"  # in the journal; no frame has it


class Waiting:
    """The requests of one session's client, for as long as they wait."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._table: PendingTable = session.asked[Direction.TO_SERVER]
        self.parking = Parking()
        self.deadlines = Deadlines()
        # What may be asked again, while it waits for its first answer: by id (JSON text).
        self._repeatable: dict[str, Message] = {}

    def asked(self, request: Message, sent: Message | None, seconds: int, now: float) -> None:
        """A request passed, as `sent` (None: within an array). seconds: its time-out, 0 for none."""
        if request.method in REPEATABLE and sent is not None:
            self._repeatable[request.id_text or ""] = sent
        if seconds:
            self.deadlines.set(request, seconds, now)

    def answered(self, request: Pending) -> None:
        self.deadlines.answered(request.id_text)
        self._repeatable.pop(request.id_text, None)

    def cancelled(self, key: str | None) -> bool:
        """The client takes back what no server has seen: it goes nowhere. False if it was sent, or not alone."""
        if key is None or not self.parking.cancel(key):
            return False
        self._settle(key)
        self._session.forget(key)
        return True

    def lost(self, now: float, *, failed: bool) -> list[Pending]:
        """Takes out what went down with the server. failed: there is no next life for which anything could be kept."""
        parked = self.parking.ids()
        sent = [key for key in self._table.ids() if key not in parked]
        return self._settle_all([key for key in sent if failed or not self._ask_again(id_text(key), now)])

    def unsent(self) -> list[Pending]:
        """Takes out what no server has seen, as none comes back."""
        return self._settle_all([key for each in self.parking.take() for key in each.ids])

    def unsent_calls(self) -> list[Pending]:
        """Takes out the calls among it, and what stands in one array with them."""
        calls = [each.ids for each in self.parking.frames() if any(self._is_call(key) for key in each.ids)]
        return self._settle_all([key for ids in calls for key in ids])

    def resumed(self) -> list[Effect]:
        """What is asked again, then what came meanwhile; without what has been answered since."""
        return [ToServer(frame) for each in self.parking.take() if (frame := self._still_wanted(each))]

    def due_at(self) -> float | None:
        due = (self.parking.due(), self.deadlines.next())
        return min((at for at in due if at is not None), default=None)

    def overdue(self, now: float, *, connected: bool) -> list[Effect]:
        """Answers to whoever has waited long enough: for a server to come back, or for its answer."""
        effects: list[Effect] = []
        for key in self.parking.expired(now):
            request = self._settle(key)
            if request is not None:
                self._session.forget(key)
                effects.append(down(request, answers.not_back_yet(HOLD_SECONDS)))
        late = self.deadlines.overdue(now)
        for key in self._table.ids() if late else ():
            if (seconds := late.get(id_text(key), 0)) and (request := self._settle(key)) is not None:
                self._session.forget(key)
                effects += _timed_out(request, seconds, connected=connected)
        return effects + [ToClient(frame) for frame in self.parking.signs(now)]

    def last_words(self, how: str) -> list[Effect]:
        """Before the session ends with its server."""
        text = answers.server_gone(how)
        return [
            ToClient(answers.error(each.id_text, Code.SERVER_DOWN, text, rule=DOWN, ref="-"))
            for each in self._table.settle_all()
        ]

    def _still_wanted(self, parked: Parked) -> bytes:
        if all(key in self._table for key in parked.ids):
            return parked.frame
        messages = elements(parked.frame)
        kept = [each.raw for each in messages if each.kind is not Kind.REQUEST or (each.id or "") in self._table]
        return regrouped(parked.frame, messages, kept)

    def _ask_again(self, identity: str, now: float) -> bool:
        """Whether the request is kept for the next life: a second server that ends over it is the last."""
        request = self._repeatable.pop(identity, None)
        if request is None:
            return False
        self.parking.add(request.raw, [request], now)
        return True

    def _is_call(self, key: str) -> bool:
        request = self._table.get(key)
        return request is not None and request.method == TOOLS_CALL

    def _settle_all(self, keys: list[str]) -> list[Pending]:
        return [request for key in keys if (request := self._settle(key)) is not None]

    def _settle(self, key: str) -> Pending | None:
        request = self._table.settle(key)
        if request is not None:
            self.answered(request)
        return request


def down(request: Pending, text: str) -> ToClient:
    """The answer in place of a server that is not there."""
    return ToClient(answers.refusal(request, Code.SERVER_DOWN, text, rule=DOWN, ref="-"))


def has_call(requests: list[Pending]) -> bool:
    return any(request.method == TOOLS_CALL for request in requests)


def _timed_out(request: Pending, seconds: int, *, connected: bool) -> list[Effect]:
    """The server is told to stop, except over a handshake, which may not be cancelled."""
    effects: list[Effect] = [deed(TIMEOUT, "alert", f"{request.method} took over {seconds} s")]
    if request.method != INITIALIZE and connected:
        effects.append(ToServer(cancellation(request.id_text, f"no answer within {seconds} s")))
    return [*effects, down(request, answers.not_answered(seconds))]
