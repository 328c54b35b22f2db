"""Adding a deny never allows more; a credential that the server has anyway is no finding on its way there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.detect.finding import Finding
from mcpgw.policy.decide import CLEAN, decide
from mcpgw.policy.fingerprint import FingerprintKey
from mcpgw.policy.rule import Action, Flow, Policy

KEY = FingerprintKey(b"k" * 32)
ACTIONS = st.sampled_from(list(Action))
RULES = ("a", "b", "c")


def _policy(actions: dict[str, tuple[Action, Action, Action]]) -> Policy:
    return Policy("balanced", actions, {"a": "high"}, "repair", 1000, 10, "params", "block", 10, 100)


def _finding(rule: str, pointer: str = "/result/content/0/text", *, is_string: bool = True) -> Finding:
    return Finding(rule, "low", 0, 8, pointer, is_string, False, b"s3cr3t-" + rule.encode())


def _nobody(_: bytes) -> bool:
    return False


@pytest.mark.requirement("rules.deny-never-allows")
@given(st.dictionaries(st.sampled_from(RULES), st.tuples(ACTIONS, ACTIONS, ACTIONS)), st.sampled_from(RULES), ACTIONS)
def test_raising_an_action_never_allows_more(
    actions: dict[str, tuple[Action, Action, Action]], rule: str, raised: Action
) -> None:
    findings = tuple(map(_finding, RULES))
    before = actions.get(rule, (Action.ALLOW,) * 3)
    after = {**actions, rule: tuple(max(action, raised) for action in before)}
    for flow in Flow:
        old = decide(findings, _policy(actions), flow, KEY, _nobody).action
        assert decide(findings, _policy(after), flow, KEY, _nobody).action >= old  # type: ignore[arg-type]


def test_the_gravest_finding_decides_and_is_the_cause() -> None:
    policy = _policy({"a": (Action.LOG,) * 3, "b": (Action.BLOCK,) * 3})
    decision = decide(tuple(map(_finding, RULES)), policy, Flow.TO_SERVER, KEY, _nobody)
    assert decision.action is Action.BLOCK
    assert decision.cause.rule == "b"
    assert [judged.rule for judged in decision.findings] == ["a", "b"]
    assert decision.findings[0].severity == "high"


@pytest.mark.requirement("rules.own-credential")
def test_an_own_credential_is_free_only_on_its_way_to_the_server() -> None:
    policy = _policy({"a": (Action.BLOCK,) * 3})
    findings = (_finding("a"),)
    assert decide(findings, policy, Flow.TO_SERVER, KEY, lambda secret: True) is CLEAN
    assert decide(findings, policy, Flow.TO_CLIENT, KEY, lambda secret: True).action is Action.BLOCK


@pytest.mark.parametrize("finding", [_finding("a", "/result/nextCursor"), _finding("a", "/result/n", is_string=False)])
def test_what_may_not_be_edited_is_blocked(finding: Finding) -> None:
    policy = _policy({"a": (Action.REDACT,) * 3})
    assert decide((finding,), policy, Flow.TO_CLIENT, KEY, _nobody).action is Action.BLOCK
    assert decide((_finding("a"),), policy, Flow.TO_CLIENT, KEY, _nobody).action is Action.REDACT


def test_a_decision_holds_no_secret() -> None:
    policy = _policy(dict.fromkeys(RULES, (Action.BLOCK,) * 3))
    assert "s3cr3t" not in repr(decide(tuple(map(_finding, RULES)), policy, Flow.TO_SERVER, KEY, _nobody))
