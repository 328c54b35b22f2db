"""Closed means: handshake and lists still answer, only calls are refused, with the reason."""

from __future__ import annotations

import pytest

from mcpgw.audit.record import Record
from mcpgw.gateway.effects import Effect
from mcpgw.gateway.session import Session
from mcpgw.protocol.pending import MAX_PENDING
from support.judges import judge
from support.playbook import Arrival, call, client, play, record, server, to_client, to_server

FORWARDED = [record(decision="allow"), to_server()]
LISTS = ("initialize", "server/discover", "ping", "tools/list", "prompts/list", "resources/list")


@pytest.mark.requirement("failure.no-policy")
def test_without_a_policy_only_calls_are_refused() -> None:
    story = play(Session(None, "i"))
    for place, method in enumerate(LISTS):
        story >> client({"id": place, "method": method, "params": {}}) << FORWARDED
        story >> server({"id": place, "result": {}}) << [record(), to_client()]
    story >> client({"method": "notifications/initialized"}) << FORWARDED
    story >> call(50) << [record(decision="block", reason="policy-unavailable"), to_client(blocked="`mcpgw status`")]
    (
        story
        >> client({"id": 51, "method": "resources/read", "params": {"uri": "a:b"}})
        << [
            record(decision="block"),
            to_client(id=51, error=-31001),
        ]
    )


def _unrecorded(session: Session, arrival: Arrival) -> list[Effect]:
    """What is done when the Record of this frame cannot be written."""
    effects = session.receive(arrival.direction, arrival.frame, now=1.0)
    return session.unrecorded([effect for effect in effects if not isinstance(effect, Record)])


@pytest.mark.requirement("failure.no-journal")
def test_without_a_journal_lists_pass_and_calls_are_refused() -> None:
    talk = Session(judge(), "i")
    listing, called = client({"id": 1, "method": "tools/list"}), call(2)
    assert [effect.frame for effect in _unrecorded(talk, listing)] == [listing.frame]  # type: ignore[union-attr]
    listed = server({"id": 1, "result": {"tools": []}})
    assert [effect.frame for effect in _unrecorded(talk, listed)] == [listed.frame]  # type: ignore[union-attr]
    (refused,) = _unrecorded(talk, called)
    assert b"cannot be recorded" in refused.frame  # type: ignore[union-attr]
    assert b'"isError":true' in refused.frame  # type: ignore[union-attr]
    # It was never sent, so its answer is none, and the id is free again.
    play(talk) >> server({"id": 2, "result": {}}) << [record(decision="drop")]
    play(talk) >> call(2) << FORWARDED


def test_an_answer_that_cannot_be_recorded_is_not_given() -> None:
    talk = Session(judge(), "i")
    play(talk) >> client({"id": 1, "method": "resources/read", "params": {"uri": "a:b"}}) << FORWARDED
    (refused,) = _unrecorded(talk, server({"id": 1, "result": {"contents": []}}))
    assert b"-31006" in refused.frame  # type: ignore[union-attr]


def test_notifications_pass_to_the_server_only() -> None:
    note = {"method": "notifications/x"}
    assert len(_unrecorded(Session(judge(), "i"), client(note))) == 1
    assert _unrecorded(Session(judge(), "i"), server(note)) == []


@pytest.mark.parametrize(("profile", "settings"), [("observe", ""), ("balanced", '[audit]\non_failure = "allow"')])
def test_where_recording_may_fail_calls_pass(profile: str, settings: str) -> None:
    arrival = call(1)
    (passed,) = _unrecorded(Session(judge(profile, settings), "i"), arrival)
    assert passed.frame == arrival.frame  # type: ignore[union-attr]


def test_a_refusal_that_cannot_be_recorded_is_still_answered() -> None:
    (answer,) = _unrecorded(Session(judge(), "i"), call(1, "AKIAQ3EGRT5LZW7YKX2M"))
    assert b"aws-access-key" in answer.frame  # type: ignore[union-attr]


def test_in_a_batch_every_request_is_refused() -> None:
    talk = Session(judge(), "i")
    play(talk) >> client({"id": 0, "method": "initialize", "params": {}}) << FORWARDED
    play(talk) >> server({"id": 0, "result": {"protocolVersion": "2025-03-26"}}) << [record(), to_client()]
    one, two = (call(identity).frame.rstrip(b"\n") for identity in (1, 2))  # type: ignore[union-attr]
    refused = _unrecorded(talk, client(b"[" + one + b"," + two + b"]\n"))
    assert len(refused) == 2
    assert all(b"cannot be recorded" in effect.frame for effect in refused)  # type: ignore[union-attr]


def test_too_many_waiting_requests_are_refused() -> None:
    talk = Session(None, "i")
    for identity in range(MAX_PENDING):
        talk.receive(client({}).direction, b'{"jsonrpc":"2.0","id":%d,"method":"ping"}\n' % identity, now=1.0)
    play(talk) >> client({"id": "more", "method": "ping"}) << [record(decision="block"), to_client(error=-31003)]


def test_a_new_policy_is_in_force_at_the_next_message() -> None:
    talk = Session(judge("observe"), "i")
    play(talk) >> call(1, "AKIAQ3EGRT5LZW7YKX2M") << [record(decision="alert"), to_server()]
    talk.adopt(judge())
    play(talk) >> call(2, "AKIAQ3EGRT5LZW7YKX2M") << [record(decision="block"), to_client(blocked="aws")]
