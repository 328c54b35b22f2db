"""One talk between a client and a server, as a pure machine: frames and a clock reading in, ordered effects out."""

from __future__ import annotations

from mcpgw.audit.record import Record
from mcpgw.gateway import answers
from mcpgw.gateway.answers import Code
from mcpgw.gateway.effects import ToClient, ToServer, to
from mcpgw.gateway.judging import Judge, Verdict, holds_placeholder
from mcpgw.gateway.records import broken, record_of
from mcpgw.gateway.refusals import Refusals, Refused
from mcpgw.gateway.tools import Tools
from mcpgw.policy.decide import CLEAN, Decision
from mcpgw.policy.fingerprint import event_reference
from mcpgw.policy.rule import Action, Flow
from mcpgw.protocol.ambiguity import find_ambiguity, repairable
from mcpgw.protocol.eras import client_of, is_stateless, negotiated_revision
from mcpgw.protocol.framing import Oversize
from mcpgw.protocol.message import (
    DEFAULT_MAX_DEPTH,
    Batch,
    Kind,
    MalformedText,
    Message,
    ProtocolError,
    parse,
    twin_key,
)
from mcpgw.protocol.methods import (
    ALWAYS_ANSWERED,
    BATCH_REVISION,
    CANCELLED,
    DISCOVER,
    INITIALIZE,
    METADATA_METHODS,
    Direction,
)
from mcpgw.protocol.pending import Pending, PendingTable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.gateway.answers import Refusal
    from mcpgw.gateway.effects import Effect
    from mcpgw.policy.rule import Policy

POLICY_MISSING = "policy-unavailable"
AUDIT_MISSING = "audit-unavailable"
PLACEHOLDER = "placeholder"
SCAN_BUDGET = "scan-budget"
CROWDED = "too-many-waiting"


class Session:
    """The gateway's side of one session.

    judge: None while no policy could be loaded; then only what is always answered passes.
    instance: names this session in the REFs of refusals.
    """

    def __init__(self, judge: Judge | None, instance: str) -> None:
        self._judge = judge
        self._instance = instance
        # Requests that travel in a direction, until the answer comes the other way.
        self._asked = (PendingTable(), PendingTable())
        self._tools = Tools()
        self._refused = Refused(self._asked[Direction.TO_SERVER])
        self._refusals = Refusals(self._asked, self._reference)
        self._events = 0
        # What the effects of the last frame forward, with the request that it is or answers.
        self._held: list[tuple[Direction, Message, Pending | None]] = []
        self.client: tuple[str, str] | None = None
        self.revision: str | None = None
        self.handshake_done = False
        # What a request of the client's is refused for before it is judged: its code, rule and words.
        self.gate: Callable[[Pending], Refusal | None] | None = None

    @property
    def asked(self) -> tuple[PendingTable, PendingTable]:
        """The requests that wait for an answer, by the direction in which they travelled."""
        return self._asked

    @property
    def passed(self) -> list[tuple[Direction, Message, Pending | None]]:
        """What the effects of the last frame forward, with the request that it is or answers."""
        return self._held

    def adopt(self, judge: Judge | None) -> None:
        """The next frame is judged by a new policy."""
        self._judge = judge

    def receive(self, direction: Direction, frame: bytes | Oversize, *, now: float) -> list[Effect]:
        """What to do about one frame that travels in `direction`. now: a monotonic clock, in seconds.

        Raises nothing: a frame that meets a bug of the gateway is refused like any that cannot be read.
        """
        self._held = []
        try:
            return self._receive(direction, frame, now)
        except Exception as error:  # noqa: BLE001 - one frame may not end the session, nor pass unchecked
            self._held = []
            head = frame.head if isinstance(frame, Oversize) else frame
            return self._refusals.frame(
                direction, head, None, f"it met an error of the gateway ({type(error).__name__})"
            )

    def _receive(self, direction: Direction, frame: bytes | Oversize, now: float) -> list[Effect]:
        if isinstance(frame, Oversize):
            return self._refusals.frame(direction, frame.head, None, "the frame is longer than the cap")
        if frame[:1] in b" \t\r\n" and not frame.strip():
            return [broken(direction, frame, "drop", "an empty line")]
        depth = self._judge.policy.max_depth if self._judge else DEFAULT_MAX_DEPTH
        try:
            message = parse(frame, max_depth=depth)
        except MalformedText as fault:
            return self._malformed(direction, frame, fault, now)
        except ProtocolError as fault:
            return self._unreadable(direction, frame, fault.reason)
        if isinstance(message, Batch):
            return self._batch(direction, message, now)
        return self._message(direction, message, now)

    def unrecorded(self, rest: list[Effect]) -> list[Effect]:
        """What to do instead of `rest` when the Record of the last frame could not be written."""
        judge = self._judge
        if judge is None or not judge.policy.enforces or judge.policy.audit_on_failure == "allow":
            return rest
        if len(self._held) == 1:
            direction, _, request = self._held[0]
            if request is None and direction is Direction.TO_SERVER:
                return rest  # a notification of the client's: without it the handshake would not end
            if request is not None and request.method in ALWAYS_ANSWERED:
                return rest
        elif not self._held:
            return rest  # a refusal of the gateway's own: nothing of the peers' is passed on by it
        return [effect for held in self._held for effect in self._refuse_unrecorded(*held)]

    def _refuse_unrecorded(self, direction: Direction, message: Message, request: Pending | None) -> list[Effect]:
        if request is None:
            return []
        text = answers.audit_unavailable(ref := self._reference())
        answer = answers.refusal(request, Code.AUDIT, text, rule=AUDIT_MISSING, ref=ref)
        if message.kind is not Kind.REQUEST:
            return [to(direction, answer)]
        self._asked[direction].settle(message.id)
        self._refused.add(message.id)
        return [to(direction.back, answer)]

    # -- one message ---------------------------------------------------------------------------------------------

    def _message(self, direction: Direction, message: Message, now: float) -> list[Effect]:
        reason = find_ambiguity(message, direction)
        if reason is not None:
            return self._refusals.frame(direction, message.raw, message, reason)
        match message.kind:
            case Kind.REQUEST:
                return self._request(direction, message, now)
            case Kind.NOTIFICATION:
                return self._notification(direction, message)
            case _:
                return self._response(direction, message, now)

    def _request(self, direction: Direction, message: Message, now: float) -> list[Effect]:
        table = self._asked[direction]
        key = message.id or ""
        if key in table:
            return self._refusals.frame(direction, message.raw, message, "its id is that of a request that still waits")
        tool = message.tool
        if tool is None and direction is Direction.TO_SERVER:
            tool = self._tools.of_task(message)
        request = Pending(message.id_text or "null", message.method or "", tool, is_stateless(message), now)
        if table.full:
            return self._deny(direction, message, request, Code.LIMIT, CROWDED, answers.too_many_waiting)
        if self.gate is not None and direction is Direction.TO_SERVER and (refusal := self.gate(request)) is not None:
            return self._deny(direction, message, request, *refusal)
        if self._judge is None:
            if direction is Direction.TO_SERVER and request.method not in ALWAYS_ANSWERED:
                return self._deny(direction, message, request, Code.POLICY, POLICY_MISSING, answers.policy_unavailable)
            verdict = Verdict(CLEAN, message.raw)
        else:
            if direction is Direction.TO_SERVER and self._judge.policy.enforces and holds_placeholder(message.raw):
                return self._deny(direction, message, request, Code.POLICY, PLACEHOLDER, answers.placeholder_argument)
            verdict = self._judge.verdict(message, _flow(direction))
        if verdict.decision.action is Action.BLOCK:
            rule, ref = self._cause(verdict.decision)
            answer = answers.refusal(request, Code.POLICY, answers.blocked_request(rule, ref), rule=rule, ref=ref)
            self._refused.add(key)
            return [
                record_of(direction, message, verdict, self._policy, reason=rule, ref=ref),
                to(direction.back, answer),
            ]
        record = record_of(direction, message, verdict, self._policy)
        if verdict.decision.findings:  # the answer's record will name these again: masked there as here
            request = request._replace(method=record.method or "", tool=record.tool)
        elif tool is not None and record.tool is None:
            record = record._replace(tool=tool)
        elif direction is Direction.TO_SERVER and (self.client is None or request.method == INITIALIZE):
            self.client = client_of(message) or self.client
        table.add(key, request)
        self._held.append((direction, message, request))
        return [record, to(direction, verdict.frame)]

    def _notification(self, direction: Direction, message: Message) -> list[Effect]:
        if message.method == CANCELLED and self._refused.cancelled_by(message):
            return [
                record_of(
                    direction, message, _clean(message), self._policy, decision="drop", reason="cancels a refused one"
                )
            ]
        verdict = self._verdict(direction, message, _flow(direction))
        if verdict.decision.action is Action.BLOCK:
            rule, ref = self._cause(verdict.decision)
            return [record_of(direction, message, verdict, self._policy, reason=rule, ref=ref)]
        self._held.append((direction, message, None))
        return [record_of(direction, message, verdict, self._policy), to(direction, verdict.frame)]

    def _response(self, direction: Direction, message: Message, now: float) -> list[Effect]:
        request = self._asked[direction.back].settle(message.id)
        if request is None and message.id is not None and twin_key(message.id) in self._asked[direction.back]:
            return self._refusals.frame(direction, message.raw, message, "its id has another type than the request's")
        if request is None and message.id is not None:
            return [
                record_of(
                    direction, message, _clean(message), self._policy, decision="drop", reason="nobody waits for it"
                )
            ]
        flow = _flow(direction)
        if request is not None and direction is Direction.TO_CLIENT and request.method in METADATA_METHODS:
            flow = Flow.METADATA
        schema = self._tools.schema(request.tool) if request and direction is Direction.TO_CLIENT else None
        verdict = self._verdict(direction, message, flow, schema)
        latency = None if request is None else max(0, int((now - request.since) * 1e6))
        if verdict.decision.action is Action.BLOCK:
            rule, ref = self._cause(verdict.decision)
            record = record_of(
                direction, message, verdict, self._policy, request=request, reason=rule, ref=ref, latency_us=latency
            )
            if request is None:
                return [record]
            text = answers.blocked_result(rule, ref)
            return [record, to(direction, answers.refusal(request, Code.POLICY, text, rule=rule, ref=ref))]
        if request is not None:
            self._note_handshake(request, message)
            if direction is Direction.TO_CLIENT:
                self._tools.note(request, message)
        self._held.append((direction, message, request))
        return [
            record_of(direction, message, verdict, self._policy, request=request, latency_us=latency),
            to(direction, verdict.frame),
        ]

    def _note_handshake(self, request: Pending, message: Message) -> None:
        if request.method not in (INITIALIZE, DISCOVER) or message.kind is not Kind.RESULT:
            return
        self.handshake_done = True
        if request.method == INITIALIZE:
            self.revision = negotiated_revision(message.members["result"])

    # -- frames that cannot be taken as they are ------------------------------------------------------------------

    def _malformed(self, direction: Direction, frame: bytes, fault: MalformedText, now: float) -> list[Effect]:
        """Text at fault: repaired where the policy says so and it stands in strings of a result; else refused."""
        if direction is Direction.TO_CLIENT and self._judge and self._judge.policy.malformed_text == "repair":
            try:
                message = parse(fault.repaired, max_depth=self._judge.policy.max_depth)
            except ProtocolError as deeper:
                return self._unreadable(direction, frame, deeper.reason)
            if isinstance(message, Message) and repairable(message):
                effects = self._message(direction, message, now)
                return [broken(direction, frame, "alert", f"{fault.reason}; repaired"), *effects]
        return self._unreadable(direction, frame, fault.reason)

    def _unreadable(self, direction: Direction, frame: bytes, reason: str) -> list[Effect]:
        if direction is Direction.TO_CLIENT and frame.lstrip()[:1] not in (b"{", b"["):
            return [broken(direction, frame, "drop", "not JSON")]  # a banner or a log line: nobody waits for it
        return self._refusals.frame(direction, frame, None, reason)

    def _batch(self, direction: Direction, batch: Batch, now: float) -> list[Effect]:
        """Element by element in a 2025-03-26 session, refused in any other."""
        if self.revision != BATCH_REVISION:
            return self._refusals.batch(direction, batch)
        onward: list[bytes] = []
        records: list[Effect] = []
        replies: list[Effect] = []
        forward = ToClient if direction is Direction.TO_CLIENT else ToServer
        for message in batch.messages:
            for effect in self._message(direction, message, now):
                if isinstance(effect, Record):
                    records.append(effect)
                elif isinstance(effect, forward):
                    onward.append(effect.frame.rstrip(b"\n"))
                else:
                    replies.append(effect)
        if onward == [message.raw for message in batch.messages]:
            return [*records, forward(batch.raw)]
        whole: list[Effect] = [forward(b"[" + b",".join(onward) + b"]\n")] if onward else []
        return [*records, *whole, *replies]

    # -- refusals ---------------------------------------------------------------------------------------

    def _deny(
        self,
        direction: Direction,
        message: Message,
        request: Pending,
        code: Code,
        rule: str,
        words: Callable[[str], str],
    ) -> list[Effect]:
        ref = self._reference()
        answer = answers.refusal(request, code, words(ref), rule=rule, ref=ref)
        self._refused.add(message.id)
        verdict = self._verdict(direction, message, _flow(direction))
        decision = "refuse" if code is Code.SERVER_DOWN else "block"
        record = record_of(direction, message, verdict, self._policy, decision=decision, reason=rule, ref=ref)
        return [record, to(direction.back, answer)]

    @property
    def _policy(self) -> Policy | None:
        return self._judge.policy if self._judge else None

    def _verdict(self, direction: Direction, message: Message, flow: Flow, schema: str | None = None) -> Verdict:
        return _clean(message) if self._judge is None else self._judge.verdict(message, flow, schema)

    def _cause(self, decision: Decision) -> tuple[str, str]:
        """Rule and REF of a block."""
        if not decision.findings:
            return SCAN_BUDGET, self._reference()
        cause = decision.cause
        return cause.rule, cause.ref

    def _reference(self) -> str:
        self._events += 1
        return event_reference(self._instance, self._events)

    def forget(self, key: str) -> None:
        """The gateway has answered this request itself: what comes about it is not passed on any more."""
        self._refused.add(key)


def _clean(message: Message) -> Verdict:
    return Verdict(CLEAN, message.raw)


def _flow(direction: Direction) -> Flow:
    return Flow.TO_CLIENT if direction is Direction.TO_CLIENT else Flow.TO_SERVER
