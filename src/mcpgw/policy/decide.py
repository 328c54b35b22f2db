"""From findings to one decision: the gravest action of any finding, and what each finding adds to the record."""

from __future__ import annotations

from mcpgw.policy.redact import mask, redactable
from mcpgw.policy.rule import Action, Flow
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.detect.finding import Finding
    from mcpgw.policy.fingerprint import FingerprintKey
    from mcpgw.policy.rule import Policy


class Judged(NamedTuple):
    """A finding with what is done about it. No part of the secret is in it but the masked preview.

    start, end, inner: as in Finding.
    """

    rule: str
    severity: str
    action: Action
    pointer: str
    start: int
    end: int
    is_string: bool
    preview: str
    fingerprint: str
    ref: str
    inner: tuple[int, int] | None = None


class Decision(NamedTuple):
    """What becomes of a frame. findings: by place."""

    action: Action
    findings: tuple[Judged, ...]

    @property
    def cause(self) -> Judged:
        """The first finding of the gravest action."""
        return next(judged for judged in self.findings if judged.action is self.action)


CLEAN = Decision(Action.ALLOW, ())


def decide(
    findings: tuple[Finding, ...],
    policy: Policy,
    flow: Flow,
    key: FingerprintKey,
    is_own: Callable[[bytes], bool],
) -> Decision:
    """Judges every finding by the policy.

    is_own: whether a secret is a credential that this server was given anyway; on its way there it is no finding.
    """
    if not findings:
        return CLEAN
    judged: list[Judged] = []
    for finding in findings:
        if flow is Flow.TO_SERVER and is_own(finding.secret):
            continue
        actions = policy.actions.get(finding.rule)
        if actions is None:
            continue
        action = actions[flow]
        if action is Action.REDACT and not _redactable(finding):
            action = Action.BLOCK
        judged.append(_judge(finding, action, policy, key))
    if not judged:
        return CLEAN
    return Decision(max(one.action for one in judged), tuple(judged))


def _redactable(finding: Finding) -> bool:
    """A base64 string is replaced as a whole; anything else by its place."""
    return finding.inner is not None or redactable(finding.pointer, is_string=finding.is_string, is_key=finding.is_key)


def _judge(finding: Finding, action: Action, policy: Policy, key: FingerprintKey) -> Judged:
    fingerprint = key.of(finding.secret)
    return Judged(
        rule=finding.rule,
        severity=policy.severities.get(finding.rule, finding.severity),
        action=action,
        pointer=finding.pointer,
        start=finding.start,
        end=finding.end,
        is_string=finding.is_string,
        preview=mask(finding.secret),
        fingerprint=fingerprint.digest,
        ref=fingerprint.ref,
        inner=finding.inner,
    )
