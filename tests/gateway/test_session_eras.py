"""Both eras on one pipe: what no rule asks to change passes as it came, whoever speaks which revision, in any order."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgw.audit.record import Record
from mcpgw.gateway.answers import Code
from mcpgw.gateway.effects import ToClient, ToServer
from mcpgw.gateway.session import Session
from mcpgw.protocol.methods import Direction
from support.judges import judge
from support.playbook import call, client, play, record, server, to_client, to_server

KEY = "AKIAQ3EGRT5LZW7YKX2M"
STATELESS = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
STATE = "b3BhcXVl\\u0000 é/+=="
# Codes that the specification or a client gives a meaning; only a server may say them.
THEIRS = (-32000, -32001, -32002, -32020, -32022, -32042, -32099, -32601, -32700)


def session() -> Session:
    return Session(judge(), "i")


@pytest.mark.requirement("relay.eras")
def test_a_round_trip_for_input_passes_with_its_state_untouched() -> None:
    story = play(session())
    story >> call(1, **STATELESS) << [record(), to_server()]
    asked = {"ask": {"method": "elicitation/create", "params": {"message": "which?", "requestedSchema": {}}}}
    (
        story
        >> server({"id": 1, "result": {"resultType": "input_required", "inputRequests": asked, "requestState": STATE}})
        << [record(type="result", tool="echo"), to_client()]
    )
    given_ = {"ask": {"action": "accept", "content": {"which": "this"}}}
    story >> call(2, inputResponses=given_, requestState=STATE, **STATELESS) << [record(), to_server()]
    story >> server({"id": 2, "result": {"resultType": "complete", "content": []}}) << [record(), to_client()]


@pytest.mark.requirement("relay.eras")
def test_a_secret_that_is_given_as_input_is_stopped_and_the_answer_fits_the_era() -> None:
    given_ = {"ask": {"action": "accept", "content": {"key": KEY}}}
    story = play(session()) >> call(1, inputResponses=given_, requestState=STATE, **STATELESS)
    story << [record(decision="block"), to_client(has=b'"resultType":"complete"', blocked="aws-access-key")]
    story = play(session()) >> call(1, text=KEY)
    story << [record(decision="block"), to_client(lacks=b"resultType", blocked="aws-access-key")]


@pytest.mark.requirement("relay.eras")
def test_a_subscription_stays_open_and_its_notices_pass() -> None:
    story = play(talk := session())
    story >> client({"id": "s", "method": "subscriptions/listen", "params": STATELESS}) << [record(), to_server()]
    meta = {"_meta": {"io.modelcontextprotocol/subscriptionId": "s"}}
    for method in ("notifications/subscriptions/acknowledged", "notifications/tools/list_changed"):
        story >> server({"method": method, "params": meta}) << [record(type="notification"), to_client()]
    assert len(talk.asked[Direction.TO_SERVER]) == 1
    story >> client({"method": "notifications/cancelled", "params": {"requestId": "s"}}) << [record(), to_server()]
    story >> server({"id": "s", "result": {"resultType": "complete"}}) << [record(), to_client()]


@pytest.mark.requirement("relay.eras")
@pytest.mark.parametrize("code", THEIRS)
def test_a_servers_own_error_passes_untouched(code: int) -> None:
    story = play(session()) >> call(1, **STATELESS) << [record(), to_server()]
    error = {"code": code, "message": "m", "data": {"supported": ["2026-07-28"], "elicitations": []}}
    story >> server({"id": 1, "error": error}) << [record(type="error"), to_client()]


IDS = st.integers(0, 5) | st.text("ab", min_size=1, max_size=2)
METHODS = st.sampled_from(
    ["tools/call", "tools/list", "server/discover", "ping", "x/unknown", "tasks/get", "tasks/result"]
)
TEXTS = st.sampled_from(["hi", KEY, "é\n", ""])
EXTRA = st.sampled_from([{}, STATELESS, {"x-unknown": {"deep": [1]}}, {"task": {"ttl": 1}}, {"requestState": STATE}])


def _request(identity: Any, method: str, text: str, extra: dict[str, Any]) -> dict[str, Any]:
    return {"id": identity, "method": method, "params": {"name": "echo", "arguments": {"t": text}, **extra}}


ASKED = st.builds(_request, IDS, METHODS, TEXTS, EXTRA)
TOLD = st.builds(
    lambda method, text, extra: {"method": f"notifications/{method}", "params": {"data": text, **extra}},
    st.sampled_from(["message", "progress", "unknown", "cancelled"]),
    TEXTS,
    EXTRA,
)
ANSWERED = st.builds(
    lambda identity, text, kind: {"id": identity, "result": {"content": [{"type": "text", "text": text}], **kind}},
    IDS,
    TEXTS,
    st.sampled_from([{}, {"resultType": "complete"}, {"resultType": "input_required", "requestState": STATE}]),
)
FAILED = st.builds(
    lambda identity, code: {"id": identity, "error": {"code": code, "message": "m"}}, IDS, st.sampled_from(THEIRS)
)
TALK = st.lists(st.tuples(st.sampled_from(Direction), ASKED | TOLD | ANSWERED | FAILED), max_size=25)


@pytest.mark.requirement("relay.eras")
@settings(max_examples=200, deadline=None)
@given(TALK)
def test_in_any_talk_each_request_gets_one_answer_and_what_passes_is_as_it_came(
    talk: list[tuple[Direction, dict[str, Any]]],
) -> None:
    gateway = session()
    waiting: dict[tuple[Direction, str], int] = {}
    for at, (direction, message) in enumerate(talk):
        frame = json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
        effects = gateway.receive(direction, frame, now=float(at))
        assert effects and isinstance(effects[0], Record)
        key = json.dumps(message.get("id"))
        asks = "method" in message and "id" in message
        for effect in effects[1:]:
            assert isinstance(effect, ToServer | ToClient)
            onward = isinstance(effect, ToServer) is (direction is Direction.TO_SERVER)
            said = json.loads(effect.frame)
            if effect.frame != frame:
                assert KEY not in effect.frame.decode()
                assert said.get("error", {}).get("code") in {None, *THEIRS, *map(int, Code)}
            if onward and asks:
                assert (direction, key) not in waiting
                waiting[direction, key] = at
            elif onward and "id" in message:
                assert waiting.pop((direction.back, key), None) is not None or effect.frame != frame
            if not onward:  # an answer of the gateway's own: never with a code that is the server's to say
                assert asks and said["id"] == message["id"]
                assert said.get("error", {}).get("code", Code.POLICY) in set(map(int, Code))
        if "id" not in message:
            assert len(effects) <= 2  # a notification is never answered
    left = sum(len(table) for table in gateway.asked)
    assert left <= len(waiting)
