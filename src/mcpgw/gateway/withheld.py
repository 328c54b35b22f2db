"""A session whose server was not started: the gateway answers in its own name, forwards nothing and plays no server.

A client that got no answer would report a dead server and nobody would learn why.
"""

from __future__ import annotations

from mcpgw.audit.record import quote
from mcpgw.gateway import answers
from mcpgw.gateway.answers import Code
from mcpgw.gateway.effects import ToClient
from mcpgw.gateway.judging import Verdict
from mcpgw.gateway.records import broken, record_of
from mcpgw.policy.decide import CLEAN
from mcpgw.policy.rule import Flow
from mcpgw.protocol.ambiguity import find_ambiguity
from mcpgw.protocol.eras import agreed_revision, client_of, is_stateless
from mcpgw.protocol.framing import Oversize
from mcpgw.protocol.message import (
    DEFAULT_MAX_DEPTH,
    Batch,
    Kind,
    Message,
    ProtocolError,
    id_text,
    parse,
    salvage_ids,
)
from mcpgw.protocol.methods import INITIALIZE, LISTS, Direction
from mcpgw.protocol.pending import Pending
from mcpgw.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.gateway.effects import Effect
    from mcpgw.gateway.judging import Judge

RULE = "approval"
ANSWERED = "answered by the gateway: the server is withheld"
# Answered with an empty result; `logging/setLevel` has nobody whose level it could set.
_ACKNOWLEDGED = frozenset({"ping", "logging/setLevel"})
_FRESH = '"resultType":"complete","ttlMs":0,"cacheScope":"private"'


class Withheld:
    """Has what the relay asks of a Session. server: its name, fit to be shown.  ref: what a person reviews.

    judge: only masks what is recorded; None while no policy could be loaded.
    """

    over = True  # the stand-in ends with the session
    lane = None  # each frame is answered here

    def __init__(self, judge: Judge | None, server: str, ref: str) -> None:
        self._judge = judge
        self._ref = ref
        self._text = answers.withheld(server, ref)
        self.client: tuple[str, str] | None = None

    def adopt(self, judge: Judge | None) -> None:
        """The next frame is recorded by a new policy."""
        self._judge = judge

    def server_ended(self, how: str, rest: bytes, *, now: float) -> list[Effect]:
        """There was none."""
        return []

    def server_silent(self, *, now: float) -> list[Effect]:
        return []

    def server_started(self, *, now: float) -> list[Effect]:
        return []

    def restart(self, *, now: float) -> list[Effect]:
        """What is withheld is not started by a restart either: the next start looks again."""
        return []

    def due_at(self) -> float | None:
        return None

    def tick(self, *, now: float) -> list[Effect]:
        return []

    def unrecorded(self, rest: list[Effect]) -> list[Effect]:
        """Its answers are its own: they pass nothing on, so they need no record to be safe."""
        return rest

    def receive(self, direction: Direction, frame: bytes | Oversize, *, now: float) -> list[Effect]:
        """What to do about one frame of the client's. Raises nothing."""
        try:
            return self._receive(frame)
        except Exception as error:  # noqa: BLE001 - one frame may not end the session
            head = frame.head if isinstance(frame, Oversize) else frame
            return self._unreadable(head, f"it met an error of the gateway ({type(error).__name__})")

    def _receive(self, frame: bytes | Oversize) -> list[Effect]:
        if isinstance(frame, Oversize):
            return self._unreadable(frame.head, "the frame is longer than the cap")
        if not frame.strip():
            return [broken(Direction.TO_SERVER, frame, "drop", "an empty line")]
        depth = self._judge.policy.max_depth if self._judge else DEFAULT_MAX_DEPTH
        try:
            message = parse(frame, max_depth=depth)
        except ProtocolError as fault:
            return self._unreadable(frame, fault.reason)
        return self._batch(message) if isinstance(message, Batch) else self._message(message)

    def _batch(self, batch: Batch) -> list[Effect]:
        """Its answers go back as an array, which is how JSON-RPC answers a batch."""
        effects = [effect for message in batch.messages for effect in self._message(message)]
        frames = [effect.frame.rstrip(b"\n") for effect in effects if isinstance(effect, ToClient)]
        records: list[Effect] = [effect for effect in effects if not isinstance(effect, ToClient)]
        return [*records, ToClient(b"[" + b",".join(frames) + b"]\n")] if frames else records

    def _message(self, message: Message) -> list[Effect]:
        reason = find_ambiguity(message, Direction.TO_SERVER)
        if reason is not None:
            return self._unreadable(message.raw, reason, asks=message.kind is Kind.REQUEST)
        if message.kind is not Kind.REQUEST:
            return [self._record(message, "drop", "the server is withheld")]
        self.client = client_of(message) or self.client
        result = self._result(message)
        if result is not None:
            answer = f'{{"jsonrpc":"2.0","id":{message.id_text},"result":{result}}}\n'.encode()
            return [self._record(message, "allow", ANSWERED), ToClient(answer)]
        request = Pending(message.id_text or "null", message.method or "", message.tool, is_stateless(message), 0)
        answer = answers.refusal(request, Code.APPROVAL, self._text, rule=RULE, ref=self._ref)
        return [self._record(message, "block", RULE, self._ref), ToClient(answer)]

    def _result(self, message: Message) -> str | None:
        """JSON text of what is answered without a server: a handshake in the gateway's own name, and empty lists."""
        method = message.method or ""
        if method == INITIALIZE:
            revision = agreed_revision(message.params.get("protocolVersion"))
            return (
                f'{{"protocolVersion":{quote(revision)},"capabilities":{{"tools":{{}}}},'
                f'"serverInfo":{{"name":"mcpgw","version":{quote(VERSION)}}},"instructions":{quote(self._text)}}}'
            )
        if method in _ACKNOWLEDGED:
            return "{}"
        if method in LISTS:
            fresh = f",{_FRESH}" if is_stateless(message) else ""
            return f'{{"{LISTS[method]}":[]{fresh}}}'
        return None

    def _record(self, message: Message, decision: str, reason: str, ref: str | None = None) -> Effect:
        verdict = Verdict(CLEAN, message.raw)
        if self._judge is not None:
            verdict = self._judge.verdict(message, Flow.TO_SERVER)
        policy = self._judge.policy if self._judge else None
        return record_of(Direction.TO_SERVER, message, verdict, policy, decision=decision, reason=reason, ref=ref)

    def _unreadable(self, frame: bytes, reason: str, *, asks: bool = True) -> list[Effect]:
        """Recorded, and whoever waits because of it gets an error."""
        record = broken(Direction.TO_SERVER, frame, "refuse", reason, self._ref)
        if not asks:
            return [record]
        ids = salvage_ids(frame).outer
        code = Code.AMBIGUOUS if ids else Code.PARSE
        text = answers.refused_frame(reason, self._ref)
        identity = id_text(ids[0]) if ids else None
        return [record, ToClient(answers.error(identity, code, text, rule="ambiguous-frame", ref=self._ref))]
