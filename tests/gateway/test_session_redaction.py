"""Wherever a message may hold a secret it is found; where it may not be edited the message is stopped."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mcpgw.gateway.session import Session
from support.judges import judge
from support.playbook import Play, call, client, play, record, server, to_client, to_server

KEY = "AKIAQ3EGRT5LZW7YKX2M"
CARD = 4539578763621486
SCHEMA = {
    "type": "object",
    "properties": {"card": {"type": "string", "pattern": "^[0-9]{16}$"}, "n": {"type": "integer", "minimum": 1}},
    "required": ["card", "n"],
}
FORWARDED = [record(decision="allow"), to_server()]
REDACTED = [record(decision="redact"), to_client(has=b"[mcpgw:aws-access-key:", lacks=KEY.encode())]


def session(profile: str = "balanced", settings: str = "") -> Session:
    return Session(judge(profile, settings), "i")


def _asked(method: str, profile: str = "balanced", **params: Any) -> Play:
    """A session in which the client waits for the answer to request 1."""
    return play(session(profile)) >> client({"id": 1, "method": method, "params": params}) << FORWARDED


def _asking(method: str, settings: str = "") -> Play:
    """A session in which the server waits for the answer to request 1."""
    story = play(session("balanced", settings)) >> server({"id": 1, "method": method, "params": {}})
    return story << [record(decision="allow"), to_client()]


def answer(result: Any, identity: Any = 1) -> Any:
    return server({"id": identity, "result": result})


@pytest.mark.requirement("redact.everywhere")
@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("tools/call", {"content": [{"type": "text", "text": KEY}]}),
        ("tools/call", {"content": [{"type": "resource", "resource": {"uri": "u", "text": KEY}}]}),
        ("tools/call", {"content": [{"type": "resource_link", "uri": "u", "name": "n", "description": KEY}]}),
        ("prompts/get", {"description": KEY, "messages": []}),
        ("prompts/get", {"messages": [{"role": "user", "content": {"type": "text", "text": KEY}}]}),
        ("resources/read", {"contents": [{"uri": "u", "text": KEY}]}),
        ("completion/complete", {"completion": {"values": ["a", KEY]}}),
        ("tasks/get", {"taskId": "t", "status": "failed", "statusMessage": KEY}),
        ("tasks/list", {"tasks": [{"taskId": "t", "statusMessage": KEY}]}),
        (
            "tools/call",
            {
                "resultType": "input_required",
                "inputRequests": {"k": {"method": "elicitation/create", "params": {"message": KEY}}},
            },
        ),
    ],
)
def test_results_are_redacted_where_they_hold_text(method: str, result: Any) -> None:
    _asked(method) >> answer(result) << REDACTED


@pytest.mark.requirement("redact.everywhere")
def test_errors_progress_and_logs_are_redacted() -> None:
    for error in ({"code": 1, "message": KEY}, {"code": 1, "message": "x", "data": {"detail": [KEY]}}):
        _asked("resources/read") >> server({"id": 1, "error": error}) << REDACTED
    for method, params in (
        ("notifications/progress", {"progressToken": 1, "progress": 1, "message": KEY}),
        ("notifications/message", {"level": "info", "data": {"env": KEY}}),
        ("notifications/message", {"level": "info", "data": KEY}),
        ("notifications/tasks/status", {"taskId": "t", "status": "working", "statusMessage": KEY}),
    ):
        play(session()) >> server({"method": method, "params": params}) << REDACTED


@pytest.mark.requirement("redact.everywhere")
def test_what_a_server_asks_is_redacted() -> None:
    text = {"type": "text", "text": KEY}
    tool_result = {"type": "tool_result", "toolUseId": "t", "content": [text]}
    for method, params in (
        ("sampling/createMessage", {"messages": [{"role": "user", "content": text}], "maxTokens": 1}),
        ("sampling/createMessage", {"messages": [{"role": "user", "content": [tool_result]}], "maxTokens": 1}),
        ("sampling/createMessage", {"messages": [], "systemPrompt": KEY, "maxTokens": 1}),
        ("elicitation/create", {"message": KEY, "requestedSchema": {"type": "object", "properties": {}}}),
    ):
        play(session()) >> server({"id": 1, "method": method, "params": params}) << REDACTED


@pytest.mark.requirement("redact.everywhere")
@pytest.mark.parametrize(
    ("method", "result"),
    [
        ("sampling/createMessage", {"role": "assistant", "model": "m", "content": {"type": "text", "text": KEY}}),
        ("elicitation/create", {"action": "accept", "content": {"user": KEY}}),
    ],
)
def test_what_a_client_answers_is_blocked_or_redacted_as_the_rule_says(method: str, result: Any) -> None:
    (
        _asking(method)
        >> client({"id": 1, "result": result})
        << [record(decision="block"), to_server(id=1, lacks=KEY.encode())]
    )
    settings = '[rules.aws-access-key]\nto_server = "redact"'
    (
        _asking(method, settings)
        >> client({"id": 1, "result": result})
        << [record(decision="redact"), to_server(has=b"[mcpgw:aws-access-key:", lacks=KEY.encode())]
    )


@pytest.mark.requirement("redact.never-altered")
@pytest.mark.parametrize(
    "result",
    [
        {"content": [{"type": "resource_link", "uri": f"https://x/?k={KEY}", "name": "n"}]},
        {"content": [], "_meta": {"baggage": KEY}},
        {"content": [], "unknown": KEY},
        {"content": [], "structuredContent": {KEY: 1}},
        {"content": [{"type": "text", "text": "x", "annotations": {"lastModified": KEY}}]},
    ],
)
def test_what_may_not_be_edited_stops_the_result_also_in_balanced(result: Any) -> None:
    for profile in ("balanced", "strict"):
        story = play(session(profile)) >> call() << FORWARDED
        story >> answer(result) << [record(decision="block"), to_client(blocked="held back by rule aws-access-key")]
    story = play(session("observe")) >> call() << FORWARDED
    story >> answer(result) << [record(decision="alert"), to_client()]


@pytest.mark.requirement("redact.never-altered")
def test_opaque_state_passes_and_metadata_is_alerted() -> None:
    (
        _asked("tools/call", name="t")
        >> answer({"resultType": "input_required", "requestState": KEY})
        << [record(decision="allow"), to_client()]
    )
    tools = {"tools": [{"name": "t", "inputSchema": {"description": KEY}}], "nextCursor": KEY}
    _asked("tools/list") >> answer(tools) << [record(decision="alert"), to_client()]


@pytest.mark.requirement("redact.schema")
def test_the_schema_comes_from_the_last_list() -> None:
    structured = {"card": str(CARD), "n": CARD}
    result = {"content": [{"type": "text", "text": json.dumps(structured)}], "structuredContent": structured}
    story = play(session()) >> client({"id": 0, "method": "tools/list"}) << FORWARDED
    story >> answer({"tools": [{"name": "echo", "outputSchema": SCHEMA}]}, 0) << [record(), to_client()]
    story >> call() << FORWARDED
    left = {"card": "0" * 16, "n": 10**15}
    expected = {**result, "structuredContent": left, "content": [{"type": "text", "text": json.dumps(left)}]}
    (
        story
        >> answer(result)
        << [record(decision="redact"), to_client(message={"jsonrpc": "2.0", "id": 1, "result": expected})]
    )
    story >> call(2, tool="other") << FORWARDED
    story >> answer(result, 2) << [record(decision="redact"), to_client(has=b"[mcpgw:credit-card:")]


@pytest.mark.requirement("redact.tasks")
@pytest.mark.parametrize(
    ("started", "method", "shape"),
    [
        ({"task": {"taskId": "t-1", "status": "working"}}, "tasks/result", "{}"),
        ({"resultType": "task", "taskId": "t-1", "status": "working"}, "tasks/get", '{"taskId": "t-1", "result": {}}'),
    ],
)
def test_a_tasks_result_is_its_tools_result(started: Any, method: str, shape: str) -> None:
    story = play(session()) >> client({"id": 0, "method": "tools/list"}) << FORWARDED
    story >> answer({"tools": [{"name": "echo", "outputSchema": SCHEMA}]}, 0) << [record(), to_client()]
    story >> call(1) << FORWARDED
    story >> answer(started) << [record(tool="echo"), to_client()]
    story >> client({"id": 2, "method": method, "params": {"taskId": "t-1"}}) << [record(tool="echo"), to_server()]
    result = {"content": [], "structuredContent": {"card": str(CARD), "n": 1}}
    (
        story
        >> answer(json.loads(shape.replace("{}", json.dumps(result))), 2)
        << [
            record(decision="redact", tool="echo", method=method),
            to_client(has=b'"card": "0000000000000000"', lacks=str(CARD).encode()),
        ]
    )


@pytest.mark.requirement("redact.blobs")
def test_a_text_blob_is_redacted_and_recorded_as_size_and_type() -> None:
    blob = base64.b64encode(f"key {KEY}".encode()).decode()
    story = play(session("balanced", '[audit]\nrecord = "full"'))
    story >> client({"id": 1, "method": "resources/read", "params": {"uri": "u"}}) << FORWARDED
    story >> answer({"contents": [{"uri": "u", "mimeType": "text/plain", "blob": blob}]})
    noted, sent = story.effects
    decoded = base64.b64decode(json.loads(sent.frame)["result"]["contents"][0]["blob"])  # type: ignore[union-attr]
    assert decoded.startswith(b"key [mcpgw:aws-access-key:")
    assert (noted.decision, noted.findings[0].pointer) == ("redact", "/result/contents/0/blob")  # type: ignore[union-attr]
    assert blob not in repr(noted)


@pytest.mark.requirement("detect.media")
def test_a_picture_is_recorded_as_size_and_type() -> None:
    picture = base64.b64encode(bytes(300)).decode()
    story = play(session("balanced", '[audit]\nrecord = "full"')) >> call() << FORWARDED
    story >> answer({"content": [{"type": "image", "mimeType": "image/png", "data": picture}]})
    assert "(image/png, 300 bytes)" in story.effects[0].params  # type: ignore[union-attr,operator]
    assert picture not in repr(story.effects[0])
    assert story.effects[1].frame.count(picture.encode()) == 1  # type: ignore[union-attr]
