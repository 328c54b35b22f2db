"""What each profile makes of a declared action."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.policy.profiles import (
    DirectionActions,
    Profile,
    actions_of,
    least_enforcement,
    malformed_text,
    observed,
)
from mcpgw.policy.rule import Action

ALLOW, LOG, ALERT, REDACT, BLOCK = Action
DECLARED = [LOG, ALERT, REDACT, BLOCK]


@pytest.mark.requirement("rules.profiles")
@pytest.mark.parametrize(
    ("profile", "declared", "expected"),
    [
        (Profile.OBSERVE, LOG, (LOG, LOG, LOG)),
        (Profile.OBSERVE, ALERT, (ALERT, ALERT, ALERT)),
        (Profile.OBSERVE, REDACT, (ALERT, ALERT, ALERT)),
        (Profile.OBSERVE, BLOCK, (ALERT, ALERT, ALERT)),
        (Profile.BALANCED, LOG, (LOG, LOG, LOG)),
        (Profile.BALANCED, ALERT, (ALERT, ALERT, ALERT)),
        (Profile.BALANCED, REDACT, (REDACT, REDACT, ALERT)),
        (Profile.BALANCED, BLOCK, (BLOCK, REDACT, ALERT)),
        (Profile.STRICT, LOG, (LOG, LOG, LOG)),
        (Profile.STRICT, ALERT, (ALERT, ALERT, ALERT)),
        (Profile.STRICT, REDACT, (REDACT, REDACT, REDACT)),
        (Profile.STRICT, BLOCK, (BLOCK, BLOCK, BLOCK)),
    ],
)
def test_the_mapping(profile, declared, expected):
    assert actions_of(profile, declared) == DirectionActions(*expected)


@given(st.sampled_from(Profile), st.sampled_from(DECLARED), st.sampled_from(DECLARED))
def test_a_higher_declared_action_never_maps_to_a_lower_one(profile, one, other):
    lower, higher = sorted((one, other))
    below, above = actions_of(profile, lower), actions_of(profile, higher)
    for direction in ("to_server", "to_client", "metadata"):
        assert getattr(below, direction) <= getattr(above, direction)


def test_observing_takes_the_enforcement_off():
    assert [observed(action) for action in Action] == [ALLOW, LOG, ALERT, ALERT, ALERT]


def test_only_strict_refuses_malformed_text():
    assert {profile.value: malformed_text(profile) for profile in Profile} == {
        "observe": "repair",
        "balanced": "repair",
        "strict": "refuse",
    }


def test_only_observe_forces_settings():
    assert least_enforcement(Profile.OBSERVE) == {"malformed_text": "repair", "audit.on_failure": "allow"}
    assert least_enforcement(Profile.BALANCED) == least_enforcement(Profile.STRICT) == {}
