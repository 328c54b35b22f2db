"""Judges one message by the policy in force: its decision, the frame that may leave, and what may be recorded of it."""

from __future__ import annotations

import re

from mcpgw.audit.record import cap
from mcpgw.detect.blobs import blobs_in
from mcpgw.detect.engine import ScanOverBudget
from mcpgw.policy.decide import CLEAN, Decision, Judged, decide
from mcpgw.policy.redact import placeholder, placeholder_pattern, splice
from mcpgw.policy.rule import Action, Flow
from mcpgw.protocol.content import replaced, steps_to
from mcpgw.protocol.message import NO_SPAN, Message, ProtocolError, parse
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.detect.pipeline import Detector
    from mcpgw.policy.fingerprint import FingerprintKey
    from mcpgw.policy.rule import Policy

# A shorter value than this is in every text by chance; it proves no credential.
MIN_OWN_SECRET_BYTES = 8
# Opaque state of the server's, often encoded: a chance hit in it means nothing.
_OPAQUE = r"/(?:params|result|result/result)/(?:requestState|nextCursor|cursor)"


class Verdict(NamedTuple):
    """decision: what is done.  frame: what may leave (the raw one, or redacted).  note: why not all was looked at."""

    decision: Decision
    frame: bytes
    note: str | None = None


class Judge(NamedTuple):
    """Everything that a verdict depends on. own: the values that the server was given by its entry (env and args)."""

    policy: Policy
    detector: Detector
    key: FingerprintKey
    own: tuple[bytes, ...]

    def verdict(self, message: Message, flow: Flow, schema: str | None = None) -> Verdict:
        """Scans and decides; a redacted frame is judged once more, and what would still change is blocked.

        schema: JSON text of the outputSchema that an answer has to fit.
        """
        raw = message.raw
        try:
            decision = self._decide(message, flow)
            if decision.action is not Action.REDACT:
                return Verdict(decision, raw)
            from mcpgw.gateway.redaction import redacted  # 3 ms that a start does not pay for what is seldom done

            left = redacted(message, decision, schema, max_depth=self.policy.max_depth)
            if left is not None and self._decide(left, flow).action < Action.REDACT:
                return Verdict(decision, left.raw)
        except ScanOverBudget:
            return Verdict(_over_budget(self.policy), raw, "the scan was over its budget")
        return Verdict(Decision(Action.BLOCK, _raised(decision)), raw)

    def _decide(self, message: Message, flow: Flow) -> Decision:
        blobs = blobs_in(message.members) if message.may_encode else None
        findings = self.detector.inspect(message.raw, blobs)
        if not findings:
            return CLEAN
        seen = tuple(finding for finding in findings if not re.fullmatch(_OPAQUE, finding.pointer))
        return decide(seen, self.policy, flow, self.key, self._is_own)

    def _is_own(self, secret: bytes) -> bool:
        return len(secret) >= MIN_OWN_SECRET_BYTES and any(secret in value for value in self.own)


def _raised(decision: Decision) -> tuple[Judged, ...]:
    """The findings with every redaction turned into a block: it did not hold."""
    return tuple(one._replace(action=Action.BLOCK) if one.action is Action.REDACT else one for one in decision.findings)


def _over_budget(policy: Policy) -> Decision:
    """strict blocks what it could not look at to the end; the others let it pass and say so."""
    return Decision(Action.BLOCK if policy.profile == "strict" else Action.ALERT, ())


def _stand_in(judged: Judged) -> bytes:
    return placeholder(judged.rule, judged.ref)


def holds_placeholder(raw: bytes) -> str | None:
    """The REF of a stand-in that a frame carries back, or None."""
    if b"[mcpgw:" not in raw:
        return None
    found = placeholder_pattern.search(raw)
    return None if found is None else found.group().decode()[-9:-1]


class Recorded(NamedTuple):
    """The recordable parts of a message: no detected secret is in any of them."""

    id_text: str | None
    method: str | None
    tool: str | None
    params: str | None


def recorded(message: Message, decision: Decision, policy: Policy | None) -> Recorded:
    """What the journal may say of `message`, every finding masked first, then capped."""
    if decision.findings and not _shows_none(message, decision, policy):
        try:
            message = _masked(message, decision)
        except ProtocolError:
            return Recorded(None, None, None, None)
    params = None
    if policy is not None and policy.record != "metadata":
        params = _recorded_body(message, policy)
    return Recorded(message.id_text, message.method, message.tool, params)


def _shows_none(message: Message, decision: Decision, policy: Policy | None) -> bool:
    """Whether no finding stands in what is recorded: all are in the result of an answer, whose body is not."""
    if policy is None or policy.record == "full" or not message.plain or message.params_span != NO_SPAN:
        return False
    return message.method is None and all(one.pointer.startswith("/result/") for one in decision.findings)


def _recorded_body(message: Message, policy: Policy) -> str | None:
    """The body as JSON text; of base64 strings the type and size."""
    start, end = message.params_span
    if start >= 0 and not message.may_encode and end - start <= policy.max_params_bytes:
        text = message.raw[start:end]
        if text.isascii() and b"\r" not in text:
            return text.decode("ascii")
    elif message.plain and start < 0 and policy.record != "full":
        return None
    members = message.members
    if "params" not in members and policy.record != "full":
        return None
    for blob in blobs_in(members) if message.may_encode else ():
        members = replaced(members, steps_to(members, blob.pointer), blob.label)
    body = members.get("params", members.get("result", members.get("error")))
    return cap(body, max_bytes=policy.max_params_bytes, max_value_chars=policy.max_value_chars)


def _masked(message: Message, decision: Decision) -> Message:
    edits = []
    for one in decision.findings:
        stand_in = _stand_in(one) if one.is_string else b"1" + b"0" * (one.end - one.start - 1)
        edits.append((one.start, one.end, stand_in))
    masked = parse(splice(message.raw, edits))
    if not isinstance(masked, Message):
        raise ProtocolError("a message became a batch")
    return masked
