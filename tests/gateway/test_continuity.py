"""What is remembered of a session, and what counts as a difference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.gateway.continuity import Continuity, ToolList, again, next_page, summary
from mcpgw.gateway.strays import read
from mcpgw.protocol.message import Message

SCHEMA = {"type": "object", "properties": {"n": {"type": "number", "maximum": 10}}}


def message(**members: Any) -> Message:
    found = read(json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n")
    assert found is not None
    return found


def ask(memory: Continuity, identity: int, method: str, params: dict[str, Any], *, result: Any = None) -> None:
    """A request that passes, and its answer: an error without a result."""
    memory.passed(message(id=identity, method=method, params=params), None)
    answer = {"result": result} if result is not None else {"error": {"code": 1, "message": "no"}}
    memory.passed(message(id=identity, **answer), str(identity))


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": SCHEMA, **more}


@pytest.mark.requirement("respawn.replay")
def test_only_what_was_agreed_to_is_told_again() -> None:
    memory = Continuity()
    ask(memory, 1, "logging/setLevel", {"level": "debug"})
    ask(memory, 2, "resources/subscribe", {"uri": "a"})
    assert memory.told_again() == []
    ask(memory, 3, "logging/setLevel", {"level": "info"}, result={})
    ask(memory, 4, "logging/setLevel", {"level": "error"}, result={})
    ask(memory, 5, "resources/subscribe", {"uri": "b"}, result={})
    ask(memory, 6, "resources/subscribe", {"uri": "c"}, result={})
    ask(memory, 7, "resources/unsubscribe", {"uri": "b"}, result={})
    assert [one.params for one in memory.told_again()] == [{"level": "error"}, {"uri": "c"}]
    memory.passed(message(id=8, method="resources/subscribe", params={"uri": "d"}), None)
    memory.forget_open()
    memory.passed(message(id=8, result={}), "8")
    assert len(memory.told_again()) == 2


def test_news_are_what_was_declared() -> None:
    memory = Continuity()
    declared = {"tools": {"listChanged": True}, "prompts": {"listChanged": False}, "resources": {}}
    ask(memory, 1, "initialize", {}, result={"capabilities": declared})
    ask(memory, 2, "resources/subscribe", {"uri": 'a"b'}, result={})
    assert [json.loads(frame).get("method") for frame in memory.news()] == [
        "notifications/tools/list_changed",
        "notifications/resources/updated",
    ]
    assert json.loads(memory.news()[1])["params"] == {"uri": 'a"b'}


@pytest.mark.requirement("respawn.swapped-tools")
@pytest.mark.parametrize(
    ("now", "differ"),
    [
        ([tool("a"), tool("b")], []),
        ([tool("b"), tool("a")], []),
        ([{"inputSchema": SCHEMA, "name": "a"}, tool("b")], []),
        ([tool("a")], ["tool b"]),
        ([tool("a"), tool("b"), tool("c")], ["tool c"]),
        ([tool("a", description="new"), tool("b")], ["tool a"]),
        ([tool("a"), tool("b"), tool("x\u202ey")], ["a tool with an odd name"]),
    ],
)
def test_a_difference_is_in_what_a_tool_says(now: list[Any], differ: list[str]) -> None:
    memory = Continuity()
    ask(memory, 1, "tools/list", {}, result={"tools": [tool("a"), tool("b")]})
    ask(memory, 2, "tools/list", {}, result={"tools": [tool("later")]})
    found = ToolList().add(None, {"tools": now})
    assert found is not None
    assert memory.tools_differ(found) == differ


def test_a_handshake_is_compared_by_what_a_client_relies_on() -> None:
    memory = Continuity()
    first = {"protocolVersion": "1", "capabilities": {"tools": {}}, "serverInfo": {"name": "s"}, "instructions": "x"}
    ask(memory, 1, "initialize", {}, result=first)
    assert memory.handshake_differs({**first, "instructions": "y"}) == []
    assert memory.handshake_differs({**first, "capabilities": {}}) == ["capabilities"]
    assert memory.handshake_differs(None) == ["protocolVersion", "capabilities", "serverInfo"]


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=3), min_size=1, max_size=4))
def test_pages_make_one_list(pages: list[list[str]]) -> None:
    collected, cursor, found = ToolList(), None, None
    for number, names in enumerate(pages):
        last = number == len(pages) - 1
        result = {"tools": [tool(name) for name in names], **({} if last else {"nextCursor": str(number)})}
        assert found is None
        found = collected.add(cursor, result)
        cursor = collected.next_cursor
    assert found is not None and found.keys() == {name for names in pages for name in names}


@pytest.mark.parametrize("result", [None, [], {"tools": 3}, {"tools": [None, 3, {"name": 4}]}, {"nextCursor": 7}])
def test_a_list_of_any_shape_is_taken(result: Any) -> None:
    assert ToolList().add(None, result) is not None


def test_a_page_of_another_list_is_passed_over() -> None:
    collected = ToolList()
    collected.add(None, {"tools": [], "nextCursor": "x"})
    assert collected.add("other", {"tools": [tool("a")]}) is None


def test_asked_again_is_as_asked_before() -> None:
    raw = b'{ "method":"tools/list","params":{"_meta":{"id":1}}, "id" : 3 ,"jsonrpc":"2.0" }\n'
    first = read(raw)
    assert first is not None
    assert again(first, "mine") == raw.replace(b"3", b'"mine"', 1)
    page = json.loads(next_page(first, "c", "mine"))
    assert page["params"] == {"_meta": {"id": 1}, "cursor": "c"}


def test_a_summary_is_short() -> None:
    assert summary([]) == ""
    assert summary(["a", "b"]) == "a, b"
    assert summary(list("abcdefg")) == "a, b, c, d, e and 2 more"
