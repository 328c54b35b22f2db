"""What the journal is told of a frame, made from the message and its verdict: nothing that was detected is in it."""

from __future__ import annotations

from mcpgw.audit.record import Record
from mcpgw.gateway.judging import recorded
from mcpgw.protocol.message import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.gateway.judging import Verdict
    from mcpgw.policy.rule import Policy
    from mcpgw.protocol.message import Message
    from mcpgw.protocol.methods import Direction
    from mcpgw.protocol.pending import Pending

TYPE_NAMES = ("request", "notification", "result", "error", "broken")


def record_of(
    direction: Direction,
    message: Message,
    verdict: Verdict,
    policy: Policy | None,
    *,
    request: Pending | None = None,
    decision: str | None = None,
    reason: str | None = None,
    ref: str | None = None,
    latency_us: int | None = None,
) -> Record:
    """The record of a message. request: what it answers.  decision: where it is not the verdict's own."""
    id_text, method, tool, params = recorded(message, verdict.decision, policy)
    if request is not None:
        method, tool = request.method, request.tool
    return Record(
        direction.label,
        TYPE_NAMES[message.kind],
        id_text,
        method,
        tool,
        params,
        decision or verdict.decision.action.label,
        verdict.decision.findings,
        len(message.raw),
        latency_us,
        reason or verdict.note,
        ref,
    )


def broken(direction: Direction, frame: bytes, decision: str, reason: str, ref: str | None = None) -> Record:
    """Nothing of an unreadable frame is recorded but its size: what it holds could not be masked."""
    return Record(
        direction=direction.label,
        type=TYPE_NAMES[Kind.BROKEN],
        id_text=None,
        method=None,
        tool=None,
        params=None,
        decision=decision,
        findings=(),
        bytes=len(frame),
        reason=reason,
        ref=ref,
    )
