"""A profile turns the action that a rule declares into what is done in each direction; pure.

docs/reference/rules.md, "Profiles".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mcpgw.policy.rule import Action


class Profile(StrEnum):
    """How much is enforced."""

    OBSERVE = "observe"  # nothing is ever blocked or changed
    BALANCED = "balanced"
    STRICT = "strict"


@dataclass(frozen=True, slots=True)
class DirectionActions:
    """What is done per direction; `metadata` is what a server says about its tools: names, descriptions, schemas."""

    to_server: Action
    to_client: Action
    metadata: Action


def actions_of(profile: Profile, declared: Action) -> DirectionActions:
    """What `profile` makes of a declared action, for each direction."""
    match profile:
        case Profile.OBSERVE:
            seen = observed(declared)
            return DirectionActions(seen, seen, seen)
        case Profile.BALANCED:
            # A blocked result costs the user the whole answer; a redacted one only the secret.
            to_client = Action.REDACT if declared is Action.BLOCK else declared
            return DirectionActions(declared, to_client, observed(declared))
        case Profile.STRICT:
            return DirectionActions(declared, declared, declared)


def observed(action: Action) -> Action:
    """The action with its enforcement taken off: what would block or redact is an alert."""
    return min(action, Action.ALERT)


def malformed_text(profile: Profile) -> str:
    """`refuse` or `repair`: what becomes of result text that is no valid Unicode."""
    return "refuse" if profile is Profile.STRICT else "repair"


def least_enforcement(profile: Profile) -> dict[str, str]:
    """Settings that `profile` forces whatever the files say: under observe nothing is refused for any cause."""
    if profile is Profile.OBSERVE:
        return {"malformed_text": "repair", "audit.on_failure": "allow"}
    return {}
