"""Whose answer is whose, when a server that asked has ended."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.gateway.strays import MAX_STRAYS, Strays, read
from mcpgw.protocol.message import Message


def message(**members: Any) -> Message:
    found = read(json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n")
    assert found is not None
    return found


def renamed(strays: Strays, **members: Any) -> dict[str, Any] | None:
    """What the client gets in place of the server's message; None: that."""
    frame = message(**members).raw
    sent = strays.renamed(frame)
    return None if sent is frame else json.loads(sent)


def returned(strays: Strays, **members: Any) -> dict[str, Any] | None:
    """What the server gets in place of the client's message; None: that."""
    answer = message(**members)
    sent = strays.to_server(answer)
    return None if sent is answer.raw else json.loads(sent)


def test_only_an_id_that_is_still_open_is_changed() -> None:
    strays = Strays("ab")
    assert [json.loads(frame)["params"]["requestId"] for frame in strays.left(["0", '"x"'])] == [0, "x"]
    assert renamed(strays, id=1, method="roots/list") is None
    assert renamed(strays, id="0", method="roots/list") is None
    assert renamed(strays, id=0, method="roots/list", params={"id": 5}) == {
        "jsonrpc": "2.0",
        "id": "mcpgw-ab-r-1",
        "method": "roots/list",
        "params": {"id": 5},
    }


@pytest.mark.requirement("respawn.server-requests")
def test_each_answer_goes_to_whom_it_is_for_in_any_order() -> None:
    strays = Strays("ab")
    strays.left(["0"])
    asked = renamed(strays, id=0, method="roots/list")
    assert asked is not None
    assert returned(strays, id=asked["id"], result={"roots": []}) == {
        "jsonrpc": "2.0",
        "id": 0,
        "result": {"roots": []},
    }
    assert strays.answers_one(message(id=0, error={"code": 1, "message": "cancelled"}))
    assert not strays.any
    assert not strays.answers_one(message(id=0, result={}))


def test_a_cancellation_names_the_id_that_the_client_knows() -> None:
    strays = Strays("ab")
    strays.left(["0"])
    asked = renamed(strays, id=0, method="sampling/createMessage")
    told = renamed(strays, method="notifications/cancelled", params={"requestId": 0})
    assert asked is not None and told is not None
    assert told["params"]["requestId"] == asked["id"]
    assert renamed(strays, method="notifications/cancelled", params={"requestId": 9}) is None
    assert renamed(strays, method="notifications/cancelled", params={"requestId": []}) is None


def test_a_third_life_knows_nothing_of_the_seconds_names() -> None:
    strays = Strays("ab")
    strays.left(["0"])
    second = renamed(strays, id=0, method="roots/list")
    assert second is not None
    (cancelled,) = strays.left(["0"])
    assert json.loads(cancelled)["params"]["requestId"] == second["id"]
    assert returned(strays, id=second["id"], result={}) is None
    assert strays.answers_one(message(id=second["id"], result={}))


def test_what_a_client_never_answers_is_forgotten_in_the_end() -> None:
    strays = Strays("ab")
    strays.left([str(number) for number in range(MAX_STRAYS + 1)])
    assert not strays.answers_one(message(id=0, result={}))
    assert strays.answers_one(message(id=1, result={}))


@given(st.binary(max_size=40))
def test_reading_raises_nothing(frame: bytes) -> None:
    message = read(frame)
    assert message is None or message.raw == frame
