"""A policy comes from the snapshot's plain values."""

from __future__ import annotations

from typing import Any

import pytest

from mcpgw.policy.rule import Action, Flow, from_plain

PLAIN: dict[str, Any] = {
    "profile": "observe",
    "rules": {"a": ["block", "redact", None, "high"]},
    "malformed_text": "repair",
    "frames": {"max_bytes": 10, "max_depth": 2},
    "audit": {"record": "params", "on_failure": "block", "max_value_chars": 5, "max_params_bytes": 9},
}


def test_reads_a_policy() -> None:
    policy = from_plain(PLAIN)
    assert policy.actions["a"][Flow.TO_SERVER] is Action.BLOCK
    assert policy.actions["a"][Flow.METADATA] is Action.ALLOW
    assert policy.severities == {"a": "high"}
    assert not policy.enforces


def test_a_snapshot_that_says_nothing_of_fsync_is_of_an_older_version() -> None:
    assert from_plain(PLAIN).audit_fsync == "never"
    assert from_plain({**PLAIN, "audit": {**PLAIN["audit"], "fsync": "always"}}).audit_fsync == "always"


def test_an_unknown_action_is_an_error() -> None:
    with pytest.raises(KeyError):
        from_plain({**PLAIN, "rules": {"a": ["explode", None, None, "low"]}})


def test_actions_are_ordered_by_gravity() -> None:
    assert [action.label for action in sorted(Action)] == ["allow", "log", "alert", "redact", "block"]
