"""What is kept of the frames that pass: for a new life of the server, for a second asking, for a time-out. Pure."""

from __future__ import annotations

from mcpgw.gateway.continuity import REMEMBERED
from mcpgw.gateway.effects import ToServer
from mcpgw.gateway.strays import read
from mcpgw.protocol.message import Kind
from mcpgw.protocol.methods import INITIALIZED, PROGRESS, REPEATABLE, Direction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.gateway.continuity import Continuity
    from mcpgw.gateway.effects import Effect
    from mcpgw.gateway.waiting import Waiting
    from mcpgw.policy.rule import Upkeep
    from mcpgw.protocol.message import Message
    from mcpgw.protocol.pending import Pending


class Notes:
    """watched: the methods that are more than passed on."""

    def __init__(self, memory: Continuity, waiting: Waiting, upkeep: Upkeep) -> None:
        self._memory = memory
        self._waiting = waiting
        self.adopt(upkeep)

    def adopt(self, upkeep: Upkeep) -> None:
        """Time-outs as a new policy has them, from the next frame on."""
        self._timeouts = upkeep.timeouts
        progress = (PROGRESS,) if upkeep.progress_extends else ()
        self.watched = REMEMBERED | REPEATABLE | upkeep.timeouts.keys() | {*progress}

    def take(
        self, direction: Direction, message: Message, request: Pending | None, effects: list[Effect], now: float
    ) -> None:
        """Keeps what is needed of a message of a watched method, which `effects` pass on."""
        if message.kind is Kind.REQUEST:
            if direction is Direction.TO_SERVER:
                self._request(message, effects, now)
        elif message.method == PROGRESS:
            self._waiting.deadlines.progressed(message.params.get("progressToken"), now)
        elif message.method == INITIALIZED and direction is Direction.TO_SERVER:
            self._memory.passed(message, None)
        elif request is not None and direction is Direction.TO_CLIENT:
            self._waiting.answered(request)
            if request.method in REMEMBERED:
                self._memory.passed(message, request.id_text)

    def _request(self, message: Message, effects: list[Effect], now: float) -> None:
        frames = [effect.frame for effect in effects if isinstance(effect, ToServer)]
        # What was redacted is told again redacted; what stood in an array that was changed is not.
        sent = message if not frames or message.raw in frames[0] else read(frames[0])
        if sent is None:
            return
        method = message.method or ""
        if method in REMEMBERED:
            self._memory.passed(sent, None)
        self._waiting.asked(message, sent if frames == [sent.raw] else None, self._timeouts.get(method, 0), now)
