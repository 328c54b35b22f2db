"""A session that outlives its server: whoever waits is answered, what comes meanwhile is kept, a new life is told all.

Everything else about frames is the Session's, to which the server seems never to have ended.
"""

from __future__ import annotations

from itertools import count

from mcpgw.audit.record import deed
from mcpgw.gateway import answers
from mcpgw.gateway.continuity import Continuity, summary
from mcpgw.gateway.effects import Standing, Start, Stop, ToClient, ToServer
from mcpgw.gateway.gate import Gate, refuse
from mcpgw.gateway.judging import Verdict
from mcpgw.gateway.lane import lane_for
from mcpgw.gateway.lifecycle import FAILED, STOPPED
from mcpgw.gateway.notes import Notes
from mcpgw.gateway.records import broken, record_of
from mcpgw.gateway.replay import Replay
from mcpgw.gateway.session import Session
from mcpgw.gateway.strays import Strays, cancelled_by, elements, read, regrouped
from mcpgw.gateway.waiting import Waiting, down, has_call
from mcpgw.policy.decide import CLEAN
from mcpgw.policy.fingerprint import event_reference
from mcpgw.policy.rule import HANDSHAKE_SECONDS, MIRROR, Flow
from mcpgw.protocol.message import Kind
from mcpgw.protocol.methods import CANCELLED, INITIALIZE, INITIALIZED, Direction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcpgw._native import Lane
    from mcpgw.gateway.effects import Effect
    from mcpgw.gateway.judging import Judge
    from mcpgw.gateway.lifecycle import Lifecycle
    from mcpgw.protocol.framing import Oversize
    from mcpgw.protocol.message import Message

# In the journal; no frame has them.
ENDED, SILENT, RESTARTED, CHANGED = "server/ended", "server/silent", "server/restarted", "server/changed"
UNNOTED = "session/not-noted"
TO_SERVER, TO_CLIENT = Direction.TO_SERVER, Direction.TO_CLIENT


class Lasting:
    """Has what the relay asks of a session, and speaks to its Session as to a talk with one server that never ends.

    mark: random letters, for ids of the gateway's own.
    """

    def __init__(self, judge: Judge | None, instance: str, lifecycle: Lifecycle, mark: str) -> None:
        self._judge = judge
        self._instance = instance
        self._session = Session(judge, instance)
        self._lifecycle = lifecycle
        self._mark = mark
        self._numbers = count(1)
        self._memory = Continuity()
        self._strays = Strays(mark)
        self._waiting = Waiting(self._session)
        self._replay: Replay | None = None
        self._replay_until: float | None = None
        self._gate = Gate(lifecycle, self._waiting.parking)
        self._notes = Notes(self._memory, self._waiting, lifecycle.upkeep)
        self._lane = self._new_lane()

    @property
    def client(self) -> tuple[str, str] | None:
        return self._session.client

    @property
    def over(self) -> bool:
        """Whether the server's end is the session's."""
        return self._lifecycle.state == STOPPED

    def adopt(self, judge: Judge | None) -> None:
        """The next frame is judged by a new policy."""
        self._judge = judge
        self._session.adopt(judge)
        if judge is not None:
            self._lifecycle.upkeep = judge.policy.upkeep
            self._notes.adopt(judge.policy.upkeep)
        self._lane = self._new_lane()

    def _new_lane(self) -> Lane | None:
        judge, waiting = self._judge, self._session.asked[TO_SERVER]
        return None if judge is None else lane_for(judge, waiting, self._notes.watched)

    # -- frames ---------------------------------------------------------------------------------------------------

    @property
    def lane(self) -> Lane | None:
        """What takes runs of frames in place of `receive`; None while more than their envelope counts."""
        if self._replay is not None or self._strays.any or not self._gate.wide_open:
            return None
        if not self._lifecycle.served or self._session.client is None:
            return None
        return self._lane

    def receive(self, direction: Direction, frame: bytes | Oversize, *, now: float) -> list[Effect]:
        """What to do about one frame that travels in `direction`. now: monotonic seconds. Raises nothing."""
        aside: Sequence[Effect] = ()
        if (self._replay is not None or self._strays.any) and isinstance(frame, bytes):
            frame, aside = self._set_aside(direction, frame, now)
            if frame == b"":
                return list(aside)
        effects = self._session.receive(direction, frame, now=now)
        if self._strays.any and direction is TO_CLIENT:
            effects = [
                ToClient(self._strays.renamed(one.frame)) if isinstance(one, ToClient) else one for one in effects
            ]
        noted = effects
        for _, message, request in self._session.passed:
            if (message.method if request is None else request.method) in self._notes.watched:
                try:
                    self._notes.take(direction, message, request, noted, now)
                except Exception as error:  # noqa: BLE001 - it was judged and passes, and is not told again
                    effects = [deed(UNNOTED, "alert", f"not kept for a restart ({type(error).__name__})"), *effects]
        if not self._lifecycle.served:
            effects = self._settle_in(effects, now)
        if not self._gate.connected and direction is TO_SERVER:
            effects = self._park(effects, now)
        return [*aside, *effects] if aside else effects

    def unrecorded(self, rest: list[Effect]) -> list[Effect]:
        """What to do instead of `rest` when the last Record could not be written."""
        return self._session.unrecorded(rest)

    def _set_aside(self, direction: Direction, frame: bytes, now: float) -> tuple[bytes, list[Effect]]:
        """A frame without what only a restart explains (b"": nothing is left), and what to do about that."""
        self._session.passed.clear()
        effects: list[Effect] = []
        kept: list[bytes] = []
        messages = elements(frame)
        try:
            for message in messages:
                if direction is TO_CLIENT and self._replay is not None and self._replay.awaits(message):
                    effects += self._replayed(self._replay, message, now)
                elif direction is TO_SERVER and self._strays.answers_one(message):
                    effects.append(self._record(direction, message, "drop", "answers a server that has ended"))
                else:
                    kept.append(message.raw if direction is TO_CLIENT else self._strays.to_server(message))
        except Exception as error:  # noqa: BLE001 - a start that is not answered in time is given up
            return b"", [broken(direction, frame, "drop", f"it met an error of the gateway ({type(error).__name__})")]
        return regrouped(frame, messages, kept), effects

    def _settle_in(self, effects: list[Effect], now: float) -> list[Effect]:
        """The first answer of a life; from that to an opening on, the session no longer ends with its server."""
        answered = [
            (message, request)
            for direction, message, request in self._session.passed
            if direction is TO_CLIENT and request is not None and message.kind is not Kind.REQUEST
        ]
        if not self._lifecycle.established:
            opened = any(message.kind is Kind.RESULT and request.stateless for message, request in answered)
            if not opened and not self._session.handshake_done:
                return effects
            self._lifecycle.ready(now)
            effects = [self._standing(), *effects]
        self._lifecycle.served = bool(answered)
        return effects

    def _park(self, effects: list[Effect], now: float) -> list[Effect]:
        """What the client sends to a server that is not there; its answers to a new one pass at once."""
        passed = [message for _, message, _ in self._session.passed]
        methods = [message.method for message in passed]
        if all(message.kind in (Kind.RESULT, Kind.ERROR) for message in passed):
            return effects
        kept = methods == [INITIALIZED]  # the end of the handshake is told with the rest of it
        if kept or (methods == [CANCELLED] and self._waiting.cancelled(cancelled_by(passed[0]))):
            return [effect for effect in effects if not isinstance(effect, ToServer)]
        requests = [message for message in passed if message.kind is Kind.REQUEST]
        for effect in effects:
            if isinstance(effect, ToServer):
                self._waiting.parking.add(effect.frame, requests, now)
        return [effect for effect in effects if not isinstance(effect, ToServer)]

    # -- the server ends and comes back --------------------------------------------------------------------------

    def server_ended(self, how: str, rest: bytes, *, now: float) -> list[Effect]:
        """The server has ended, or could not be started. how: "exit code 3".  rest: its last, unfinished line."""
        effects = self._unfinished(rest, now)
        self._session.passed.clear()
        self._replay = self._replay_until = None
        self._memory.forget_open()
        self._lifecycle.died(how, now)
        effects += [deed(ENDED, "alert", how), self._standing()]
        if self.over:
            # One that never answered a handshake ends as without a gateway.
            return effects + (self._waiting.last_words(how) if self._lifecycle.established else [])
        return effects + self._lose(how, now)

    def server_silent(self, *, now: float) -> list[Effect]:
        """The server runs, and can answer no more: its output is closed. It is being ended; `server_ended` follows."""
        if not self._gate.connected or not self._lifecycle.established:
            return []
        self._session.passed.clear()
        self._lifecycle.silent()
        effects: list[Effect] = [deed(SILENT, "alert", self._lifecycle.reason), self._standing()]
        how = "it closed its output"
        if self._lifecycle.upkeep.on_crash == MIRROR:
            self._gate_to(connected=False)
            return effects + self._waiting.last_words(how)
        return effects + self._lose(how, now)

    def _lose(self, how: str, now: float) -> list[Effect]:
        """Answers in the place of a server that gives none any more; what can wait for its next life does."""
        failed = self._lifecycle.state == FAILED
        lost = self._waiting.lost(now, failed=failed)
        if self._gate.connected:
            self._gate.untold = not has_call(lost) and not self._lifecycle.upkeep.stateless and self._enforces
        self._gate_to(connected=False)
        text = answers.server_lost(how, answers.GIVEN_UP if failed else answers.RESTARTED)
        effects: list[Effect] = [*self._withdraw(), *(down(request, text) for request in lost)]
        if failed:
            effects += refuse(self._waiting.unsent(), self._gate.failure, self._reference)
        return effects

    def server_started(self, *, now: float) -> list[Effect]:
        """A new life: it hears of the client's handshake before anything else."""
        self._session.passed.clear()
        seconds = self._lifecycle.upkeep.timeouts.get(INITIALIZE, HANDSHAKE_SECONDS)
        self._replay_until = now + seconds
        replay = self._replay = Replay(self._memory, self._mark, self._numbers.__next__)
        return self._tell(replay, replay.begin(), now)

    def restart(self, *, now: float) -> list[Effect]:
        """A person asks for a new start."""
        self._session.passed.clear()
        stop: list[Effect] = [Stop()] if self._lifecycle.restart(now) else []
        return [self._standing(), *stop]

    def due_at(self) -> float | None:
        """When `tick` has something to do, in monotonic seconds."""
        if self._gate.connected and not self._waiting.deadlines:
            return None
        due = (self._lifecycle.due(), self._replay_until, self._waiting.due_at())
        return min((at for at in due if at is not None), default=None)

    def tick(self, *, now: float) -> list[Effect]:
        """What is due by now."""
        self._session.passed.clear()
        effects: list[Effect] = []
        if self._lifecycle.start(now):
            effects += [self._standing(), Start()]
        if self._replay_until is not None and now >= self._replay_until:
            self._replay_until = None
            effects.append(Stop())
        return effects + self._waiting.overdue(now, connected=self._gate.connected)

    def _replayed(self, replay: Replay, answer: Message, now: float) -> list[Effect]:
        record = self._record(TO_CLIENT, answer, "drop", "answers the gateway's own request")
        return [record, *self._tell(replay, replay.answered(answer), now)]

    def _tell(self, replay: Replay, frames: list[bytes], now: float) -> list[Effect]:
        effects: list[Effect] = []
        for frame in frames:
            message = read(frame)
            if message is not None:
                effects += [self._record(TO_SERVER, message, "allow", "told again after a restart"), ToServer(frame)]
        if replay.fault:
            self._replay_until = None
            return [*effects, Stop()]
        return effects + self._connect(replay.differences, now) if replay.done else effects

    def _connect(self, differences: list[str], now: float) -> list[Effect]:
        """The new life has what the first one had: the client's frames go on to it."""
        self._replay = self._replay_until = None
        effects: list[Effect] = [deed(RESTARTED, "log", "the server was started again")]
        what = summary(differences)
        strict = self._judge is not None and self._judge.policy.profile == "strict"
        self._gate.differences = what if strict else ""
        if what:
            what = f"the restarted server differs from the first: {what}"
            effects.append(deed(CHANGED, "block" if strict else "alert", what, self._reference()))
        self._lifecycle.ready(now, what)
        effects.append(self._standing())
        effects += [ToClient(frame) for frame in self._memory.news()]
        if self._gate.differences:
            effects += refuse(self._waiting.unsent_calls(), self._gate.hold, self._reference)
        self._gate_to(connected=True)
        return effects + self._waiting.resumed()

    # -- answers in the server's place ---------------------------------------------------------------------------

    def _withdraw(self) -> list[Effect]:
        """The client need not answer what the server asked."""
        asked = self._session.asked[TO_CLIENT].settle_all()
        return [ToClient(frame) for frame in self._strays.left(request.id_text for request in asked)]

    def _unfinished(self, rest: bytes, now: float) -> list[Effect]:
        """A last line without its end: whole messages count, half ones are put on record and thrown away."""
        if not rest:
            return []
        if read(rest) is not None:
            return self.receive(TO_CLIENT, rest, now=now)
        return [broken(TO_CLIENT, rest, "drop", "half a line when the server ended")]

    def _gate_to(self, *, connected: bool) -> None:
        """The session asks the gate only while there is something to ask it."""
        self._gate.connected = connected
        self._session.gate = None if self._gate.wide_open else self._gate.refuses

    def _reference(self) -> str:
        return event_reference(f"{self._instance}-restart", next(self._numbers))

    @property
    def _enforces(self) -> bool:
        return self._judge is None or self._judge.policy.enforces

    def _standing(self) -> Standing:
        return Standing(self._lifecycle.state, self._lifecycle.reason)

    def _record(self, direction: Direction, message: Message, decision: str, reason: str) -> Effect:
        """The record of a frame of the gateway's own, or one that goes no further; masked as any other."""
        verdict = Verdict(CLEAN, message.raw)
        if self._judge is not None:
            verdict = self._judge.verdict(message, Flow.TO_CLIENT if direction is TO_CLIENT else Flow.TO_SERVER)
        policy = self._judge.policy if self._judge else None
        return record_of(direction, message, verdict, policy, decision=decision, reason=reason)
