"""A session knows a tool's schema from the last list, and a task's tool from how it was started."""

from __future__ import annotations

import json
from typing import Any

from mcpgw.gateway.tools import MAX_SCHEMA_BYTES, MAX_TASKS, UNKNOWN, Tools
from mcpgw.protocol.message import Message, parse
from mcpgw.protocol.pending import Pending

LIST = Pending("1", "tools/list", None, False, 0.0)
CALL = Pending("1", "tools/call", "report", False, 0.0)


def _message(**members: Any) -> Message:
    message = parse(json.dumps({"jsonrpc": "2.0", "id": 1, **members}).encode())
    assert isinstance(message, Message)
    return message


def _listed(tools: Tools, *definitions: Any) -> None:
    tools.note(LIST, _message(result={"tools": definitions}))


def test_the_last_definition_counts() -> None:
    _listed(tools := Tools(), {"name": "a", "outputSchema": {"type": "object"}}, {"name": "b"}, "no tool", {"name": 5})
    assert tools.schema("a") == '{"type":"object"}'
    assert tools.schema("b") is tools.schema(None) is None
    _listed(tools, {"name": "b", "outputSchema": True})
    assert (tools.schema("a"), tools.schema("b")) == ('{"type":"object"}', "true")
    _listed(tools, {"name": "a"})
    assert tools.schema("a") is None


def test_a_schema_that_finds_no_room_is_one_that_nothing_fits() -> None:
    half = {"title": "x" * (MAX_SCHEMA_BYTES // 2)}
    _listed(tools := Tools(), *({"name": name, "outputSchema": half} for name in "abc"))
    assert tools.schema("b") == tools.schema("c") == UNKNOWN
    _listed(tools, {"name": "a"}, {"name": "b", "outputSchema": half})
    assert tools.schema("b") != UNKNOWN


def test_both_forms_of_tasks() -> None:
    tools = Tools()
    tools.note(CALL, _message(result={"task": {"taskId": "old", "status": "working"}}))
    tools.note(CALL, _message(result={"resultType": "task", "taskId": "new"}))
    for method, task, tool in (
        ("tasks/result", "old", "report"),
        ("tasks/get", "new", "report"),
        ("tasks/get", "other", None),
        ("tasks/get", [1], None),
        ("tools/call", "old", None),
    ):
        assert tools.of_task(_message(method=method, params={"taskId": task})) == tool


def test_only_so_many_tasks_are_remembered() -> None:
    tools = Tools()
    for number in range(MAX_TASKS + 1):
        tools.note(CALL, _message(result={"task": {"taskId": str(number)}}))
    assert tools.of_task(_message(method="tasks/result", params={"taskId": "0"})) is None
    assert tools.of_task(_message(method="tasks/result", params={"taskId": str(MAX_TASKS)})) == "report"


def test_other_answers_teach_nothing() -> None:
    tools = Tools()
    tools.note(CALL, _message(result=[1]))
    tools.note(CALL, _message(result={"task": {"taskId": 5}}))
    tools.note(LIST, _message(result={"tools": None}))
    tools.note(LIST, _message(error={"code": 1, "message": "x"}))
    assert tools.of_task(_message(method="tasks/result", params={"taskId": "5"})) is None
    assert tools.of_task(_message(method="tasks/result", params={"taskId": 5})) is None
