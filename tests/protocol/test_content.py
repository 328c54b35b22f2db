"""The protocol's own objects are found by their pointers; the data of the peers is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.protocol.content import replaced, resolve, segment, shaped_objects, steps_to

TEXT = {"type": "text", "text": "x"}
KEYS = frozenset({"text"})


@pytest.mark.parametrize(
    ("members", "pointers"),
    [
        ({"result": {"content": [{"type": "image", "data": ""}, TEXT]}}, {"/result/content/1"}),
        ({"result": {"content": [{"type": "resource", "resource": {"text": "x"}}]}}, {"/result/content/0/resource"}),
        ({"result": {"contents": [{"uri": "u", "text": "x"}]}}, {"/result/contents/0"}),
        ({"result": {"messages": [{"role": "user", "content": TEXT}]}}, {"/result/messages/0/content"}),
        ({"result": {"role": "assistant", "content": TEXT}}, {"/result/content"}),
        ({"result": {"result": {"content": [TEXT]}}}, {"/result/result/content/0"}),
        ({"params": {"messages": [{"content": [TEXT]}]}}, {"/params/messages/0/content/0"}),
        (
            {"params": {"messages": [{"content": [{"type": "tool_result", "content": [TEXT]}]}]}},
            {"/params/messages/0/content/0/content/0"},
        ),
        (
            {"result": {"inputRequests": {"a/b": {"params": {"messages": [{"content": TEXT}]}}}}},
            {"/result/inputRequests/a~1b/params/messages/0/content"},
        ),
        ({"params": {"inputResponses": {"k": {"content": TEXT}}}}, {"/params/inputResponses/k/content"}),
        ({"result": {"structuredContent": {"content": [TEXT]}}}, set()),
        ({"params": {"name": "t", "arguments": {"content": [TEXT]}}}, set()),
        ({"result": "x"}, set()),
        ({"error": {"code": 1, "message": "x"}}, set()),
    ],
)
def test_objects_of_the_protocol(members: dict[str, Any], pointers: set[str]) -> None:
    assert {pointer for pointer, _ in shaped_objects(members, KEYS)} == pointers
    assert all(resolve(members, pointer)["text"] == "x" for pointer in pointers)


JSON = st.recursive(
    st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(st.text(max_size=3), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, st.data())
def test_a_replacement_changes_one_place_and_leaves_the_original(value: Any, data: st.DataObject) -> None:
    pointer, node = "", value
    while isinstance(node, dict | list):
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        pointer, node = f"{pointer}/{segment(str(key))}", node[key]
    before = repr(value)
    changed = replaced(value, steps_to(value, pointer), None)
    assert resolve(changed, pointer) is None
    assert repr(value) == before
    assert replaced(changed, steps_to(value, pointer), node) == value
