"""Every request is answered once, by whom is this module's to say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcpgw.audit.record import Record
from mcpgw.gateway.effects import Effect, ToClient, ToServer
from mcpgw.gateway.parking import HOLD_SECONDS
from mcpgw.gateway.session import Session
from mcpgw.gateway.strays import read
from mcpgw.gateway.waiting import TIMEOUT, Waiting, has_call
from mcpgw.protocol.message import Message
from mcpgw.protocol.methods import Direction
from support.judges import judge


class Desk:
    """A session and who waits in it."""

    def __init__(self) -> None:
        self.session = Session(judge("balanced"), "i")
        self.waiting = Waiting(self.session)

    def send(self, identity: Any, method: str, *, seconds: int = 0, held: bool = False) -> Message:
        frame = json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": {}}).encode() + b"\n"
        self.session.receive(Direction.TO_SERVER, frame, now=0.0)
        message = read(frame)
        assert message is not None
        self.waiting.asked(message, message, seconds, 0.0)
        if held:
            self.waiting.parking.add(frame, [message], 0.0)
        return message

    def waits(self) -> list[str]:
        return self.session.asked[Direction.TO_SERVER].ids()


def answered(effects: list[Effect]) -> list[Any]:
    return [json.loads(effect.frame)["id"] for effect in effects if isinstance(effect, ToClient)]


def test_a_death_settles_what_was_sent_and_keeps_what_can_be_asked_again() -> None:
    desk = Desk()
    desk.send(1, "x/other")
    desk.send(2, "tools/list")
    desk.send(3, "ping", held=True)
    assert [request.id_text for request in desk.waiting.lost(5.0, failed=False)] == ["1"]
    assert desk.waits() == ["2", "3"]
    assert desk.waiting.parking.ids() == {"2", "3"}
    assert desk.waiting.lost(6.0, failed=False) == []


def test_what_is_asked_again_is_lost_with_the_next_server() -> None:
    desk = Desk()
    asked = desk.send(1, "tools/list")
    desk.waiting.lost(1.0, failed=False)
    assert desk.waiting.resumed() == [ToServer(asked.raw)]
    assert [request.id_text for request in desk.waiting.lost(2.0, failed=False)] == ["1"]


def test_nothing_is_kept_for_a_life_that_does_not_come() -> None:
    desk = Desk()
    desk.send(1, "tools/list")
    desk.send("a", "tools/call", held=True)
    assert [request.id_text for request in desk.waiting.lost(1.0, failed=True)] == ["1"]
    unsent = desk.waiting.unsent()
    assert [request.id_text for request in unsent] == ['"a"'] and has_call(unsent)
    assert desk.waits() == [] and desk.waiting.due_at() is None


def test_what_has_been_answered_meanwhile_is_not_sent() -> None:
    desk = Desk()
    desk.send(1, "tools/call", held=True, seconds=5)
    kept = desk.send(2, "tools/call", held=True)
    assert answered(desk.waiting.overdue(5.0, connected=False)) == [1]
    assert desk.waiting.resumed() == [ToServer(kept.raw)]


def test_only_the_calls_are_taken_from_what_waits_for_another_server() -> None:
    desk = Desk()
    desk.send(1, "tools/call", held=True)
    listed = desk.send(2, "tools/list", held=True)
    assert [request.id_text for request in desk.waiting.unsent_calls()] == ["1"]
    assert desk.waiting.resumed() == [ToServer(listed.raw)]


@pytest.mark.requirement("timeouts.call")
@pytest.mark.parametrize(
    ("method", "connected", "told"),
    [("tools/call", True, True), ("tools/call", False, False), ("initialize", True, False)],
)
def test_over_its_time_the_server_is_told_if_it_may_be(method: str, connected: bool, told: bool) -> None:
    desk = Desk()
    desk.send(1, method, seconds=5)
    assert desk.waiting.overdue(4.9, connected=connected) == []
    effects = desk.waiting.overdue(5.0, connected=connected)
    record = effects[0]
    assert isinstance(record, Record) and (record.method, record.reason) == (TIMEOUT, f"{method} took over 5 s")
    assert any(isinstance(effect, ToServer) for effect in effects) is told
    assert answered(effects) == [1] and desk.waits() == []


@pytest.mark.requirement("respawn.hold")
def test_nobody_waits_longer_than_the_hold() -> None:
    desk = Desk()
    desk.send(1, "tools/call", held=True)
    desk.send(2, "tools/list")
    assert desk.waiting.due_at() == HOLD_SECONDS
    desk.waiting.lost(3.0, failed=False)
    assert answered(desk.waiting.overdue(HOLD_SECONDS, connected=False)) == [1]
    assert answered(desk.waiting.overdue(HOLD_SECONDS + 3.0, connected=False)) == [2]


def test_last_words_reach_everyone_in_the_order_of_asking() -> None:
    desk = Desk()
    desk.send(2, "tools/call")
    desk.send("1", "tools/list", held=True)
    effects = desk.waiting.last_words("exit code 3")
    assert answered(effects) == [2, "1"]
    assert all(isinstance(effect, ToClient) and b"exit code 3" in effect.frame for effect in effects)
