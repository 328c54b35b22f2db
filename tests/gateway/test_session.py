"""What passes, passes byte for byte; what is stopped is answered in the words that its method understands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.gateway.session import Session
from support.judges import judge
from support.playbook import call, client, play, record, server, to_client, to_server

KEY = "AKIAQ3EGRT5LZW7YKX2M"
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "MIIEpAIBAAKCAQEAx7Jd2kQvT9mLwZ4pRcYbN8sHfE3uGa6XoK1iDzWyVtBqSjLn\n" * 3
    + "-----END PRIVATE KEY-----\n"
)
STATELESS = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
FORWARDED = [record(decision="allow"), to_server()]


def session(profile: str = "balanced", settings: str = "") -> Session:
    return Session(judge(profile, settings), "i")


def answer(result: Any, identity: Any = 1) -> dict[str, Any]:
    return {"id": identity, "result": result}


@pytest.mark.requirement("relay.byte-identical")
@given(
    st.dictionaries(
        st.text(max_size=5), st.text(max_size=8) | st.floats(allow_nan=False, allow_infinity=False), max_size=4
    ),
    st.booleans(),
)
def test_an_allowed_frame_leaves_byte_for_byte(arguments: dict[str, Any], ascii_only: bool) -> None:
    folded = {key.casefold() for key in arguments}
    if len(folded) != len(arguments):
        return
    params = {"arguments": arguments, "name": "t"}
    message = {"params": params, "method": "tools/call", "id": "x", "jsonrpc": "2.0", "x-extra": [1, None]}
    raw = json.dumps(message, ensure_ascii=ascii_only, indent=None, separators=(" ,\t", " : ")).encode() + b"\r\n"
    play(session()) >> client(raw) << FORWARDED


@pytest.mark.requirement("relay.both-openings")
def test_both_openings_pass_untouched() -> None:
    opened = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
    story = play(talk := session())
    story >> client({"id": "probe", "method": "server/discover", "params": STATELESS}) << FORWARDED
    story >> server({"id": "probe", "error": {"code": -32601, "message": "no"}}) << [record(type="error"), to_client()]
    (
        story
        >> client({"id": 0, "method": "initialize", "params": {"clientInfo": {"name": "c", "version": "2"}}})
        << FORWARDED
    )
    assert not talk.handshake_done
    story >> server(answer(opened, 0)) << [record(latency_us=1_000_000), to_client()]
    assert (talk.handshake_done, talk.revision, talk.client) == (True, "2025-11-25", ("c", "2"))
    story >> client({"method": "notifications/initialized"}) << [record(type="notification"), to_server()]


def test_a_stateless_opening_needs_no_initialize() -> None:
    play(talk := session()) >> client({"id": 1, "method": "server/discover", "params": STATELESS}) << FORWARDED
    play(talk) >> server(answer({"supportedVersions": ["2026-07-28"]})) << [record(), to_client()]
    assert talk.handshake_done


@pytest.mark.requirement("block.tools-call")
def test_a_leaking_call_is_answered_as_a_result_that_a_model_reads() -> None:
    blocked = record(decision="block", reason="aws-access-key", tool="echo", id_text="7")
    story = play(session()) >> call(7, f"use {KEY}") << [blocked, to_client(id=7, blocked="rule aws-access-key, ref ")]
    assert KEY not in repr(story.effects)
    story >> server(answer({"content": []}, 7)) << [record(decision="drop", reason="nobody waits for it")]
    stateless = call(8, KEY, **STATELESS)
    play(session()) >> stateless << [record(decision="block"), to_client(has=b'"resultType":"complete"')]


def test_other_requests_get_an_error_and_an_elicitation_is_declined() -> None:
    story = play(session())
    (
        story
        >> client({"id": "r", "method": "resources/read", "params": {"uri": KEY}})
        << [
            record(decision="block"),
            to_client(id="r", error=-31001, has=b'"rule":"aws-access-key"'),
        ]
    )
    strict = play(session("strict"))
    (
        strict
        >> server({"id": 1, "method": "elicitation/create", "params": {"message": KEY}})
        << [
            record(decision="block"),
            to_server(message={"jsonrpc": "2.0", "id": 1, "result": {"action": "decline"}}),
        ]
    )
    (
        strict
        >> server({"id": 2, "method": "sampling/createMessage", "params": {"systemPrompt": KEY}})
        << [
            record(decision="block"),
            to_server(id=2, error=-31001),
        ]
    )


def test_a_blocked_notification_is_dropped_and_recorded() -> None:
    progress = {"method": "notifications/progress", "params": {"progressToken": 1, "progress": 1, "message": KEY}}
    play(session("strict")) >> server(progress) << [record(decision="block", type="notification")]


def test_an_answer_of_the_clients_with_a_secret_ends_in_an_error_for_the_server() -> None:
    story = play(session())
    story >> server({"id": "s", "method": "roots/list"}) << [record(decision="allow"), to_client()]
    (
        story
        >> client({"id": "s", "result": {"roots": [{"uri": "file:///a", "name": KEY}]}})
        << [
            record(decision="block"),
            to_server(id="s", error=-31001),
        ]
    )


@pytest.mark.requirement("redact.text-copy")
def test_a_result_and_its_text_copy_are_redacted_alike() -> None:
    data = {"key": PEM}
    story = play(session()) >> call() << FORWARDED
    result = {"content": [{"type": "text", "text": json.dumps(data)}], "structuredContent": data}
    story >> server(answer(result)) << [record(decision="redact"), to_client(has=b"[mcpgw:private-key:", lacks=b"MIIE")]
    left = json.loads(story.effects[1].frame)["result"]  # type: ignore[union-attr]
    assert json.loads(left["content"][0]["text"]) == left["structuredContent"]
    assert "MIIE" not in repr(story.effects[0])


@pytest.mark.requirement("redact.placeholder-back")
def test_a_placeholder_written_back_is_blocked_except_in_observe() -> None:
    text = "[mcpgw:private-key:ABCD2345]"
    for profile in ("balanced", "strict"):
        (
            play(session(profile))
            >> call(1, text)
            << [
                record(decision="block", reason="placeholder"),
                to_client(blocked="would overwrite the original value"),
            ]
        )
    play(session("observe")) >> call(1, text) << [record(), to_server()]


@pytest.mark.requirement("rules.profiles")
def test_what_each_profile_does_with_a_secret_in_a_result() -> None:
    for profile, decision, expected in (
        ("observe", "alert", to_client()),
        ("balanced", "redact", to_client(has=b"[mcpgw:aws-access-key:", lacks=KEY.encode())),
        ("strict", "block", to_client(blocked="held back by rule aws-access-key")),
    ):
        story = play(session(profile)) >> call() << FORWARDED
        story >> server(answer({"content": [{"type": "text", "text": KEY}]})) << [record(decision=decision), expected]


@pytest.mark.requirement("rules.observe")
def test_observe_lets_a_leak_pass_and_says_so() -> None:
    play(session("observe")) >> call(1, KEY) << [record(decision="alert"), to_server()]


def test_metadata_is_alerted_in_balanced() -> None:
    story = play(session()) >> client({"id": 1, "method": "tools/list"}) << FORWARDED
    story >> server(answer({"tools": [{"name": "t", "description": KEY}]})) << [record(decision="alert"), to_client()]


@pytest.mark.requirement("rules.own-credential")
def test_the_entrys_own_credential_may_go_to_its_server() -> None:
    play(session()) >> call(1, "AKIAZ7PLM4QXNW2KJ5TD") << FORWARDED


@pytest.mark.requirement("relay.typed-ids")
@pytest.mark.parametrize("identity", [0, -7, "abc", "1", "", 2**53 + 1, 1.5])
def test_ids_of_any_type_come_back(identity: Any) -> None:
    story = play(session()) >> call(identity) << FORWARDED
    story >> server(answer({}, identity)) << [record(tool="echo", method="tools/call"), to_client()]


@pytest.mark.requirement("relay.unasked-answers")
def test_answers_that_nobody_waits_for_are_dropped() -> None:
    story = play(session()) >> call(1) << FORWARDED
    story >> server(answer({}, 99)) << [record(decision="drop")]
    story >> server(answer({}, 1)) << [record(decision="allow"), to_client()]
    story >> server(answer({}, 1)) << [record(decision="drop")]


def test_an_answer_under_the_id_in_another_type_is_refused_and_ends_the_wait() -> None:
    story = play(session()) >> call(1) << FORWARDED
    story >> server(answer({}, "1")) << [record(decision="refuse"), to_client(id=1, error=-31002)]
    story >> server(answer({}, 1)) << [record(decision="drop")]


def test_cancelling_a_refused_request_ends_here_and_any_other_passes() -> None:
    story = play(session()) >> call(3, KEY) << [record(decision="block"), to_client(blocked="aws")]
    cancel = {"method": "notifications/cancelled", "params": {"requestId": 3}}
    story >> client(cancel) << [record(decision="drop")]
    story >> client({**cancel, "params": {"requestId": 4}}) << [record(decision="allow"), to_server()]
    story >> client({**cancel, "params": {"requestId": [1]}}) << [record(decision="allow"), to_server()]


def test_both_ends_may_use_the_same_id_at_once() -> None:
    story = play(session()) >> call(1) << FORWARDED
    story >> server({"id": 1, "method": "roots/list"}) << [record(), to_client()]
    story >> client({"id": 1, "result": {"roots": []}}) << [record(method="roots/list"), to_server()]
    story >> server(answer({})) << [record(method="tools/call"), to_client()]


@pytest.mark.requirement("audit.masked")
def test_nothing_detected_is_recorded_wherever_it_stands() -> None:
    story = play(session("observe"))
    (
        story
        >> client({"id": KEY, "method": f"x/{KEY}", "params": {KEY: KEY, "n": 4539578763621486}})
        << [record(), to_server()]
    )
    noted = story.effects[0]
    assert KEY not in repr(noted)
    assert "4539578763621486" not in repr(noted)
    story >> server(answer({}, KEY)) << [record(type="result"), to_client()]
    assert KEY not in repr(story.effects[0])


def test_values_are_recorded_by_the_setting() -> None:
    for setting, request, result in (("metadata", False, False), ("params", True, False), ("full", True, True)):
        story = play(session("balanced", f'[audit]\nrecord = "{setting}"')) >> call() << FORWARDED
        assert (story.effects[0].params is not None) is request  # type: ignore[union-attr]
        story >> server(answer({"content": []})) << [record(), to_client()]
        assert (story.effects[0].params is not None) is result  # type: ignore[union-attr]
