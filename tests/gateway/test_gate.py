"""What is refused before it is judged, and by which code and rule."""

from __future__ import annotations

import json

import pytest

from mcpgw.audit.record import Record
from mcpgw.gateway.answers import Code
from mcpgw.gateway.effects import ToClient
from mcpgw.gateway.gate import CHANGED, GIVEN_UP, REFUSED, RESTARTED, Gate, refuse
from mcpgw.gateway.lifecycle import Lifecycle
from mcpgw.gateway.parking import MAX_PARKED, Parking
from mcpgw.gateway.waiting import DOWN
from mcpgw.policy.rule import Upkeep
from mcpgw.protocol.pending import Pending

CALL = Pending("1", "tools/call", "t", stateless=False, since=0.0)
LIST = Pending("2", "tools/list", None, stateless=False, since=0.0)


def gate(upkeep: Upkeep | None = None) -> tuple[Gate, Lifecycle, Parking]:
    lifecycle, parking = Lifecycle(upkeep or Upkeep(), lambda: 0.0), Parking()
    lifecycle.ready(0.0)
    return Gate(lifecycle, parking), lifecycle, parking


def test_it_is_wide_open_while_there_is_nothing_to_say() -> None:
    made, _, _ = gate()
    assert made.wide_open
    assert made.refuses(CALL) is None and made.refuses(LIST) is None


def test_only_the_next_call_is_told_of_a_restart() -> None:
    made, _, _ = gate()
    made.untold = True
    assert not made.wide_open
    assert made.refuses(LIST) is None
    refusal = made.refuses(CALL)
    assert refusal is not None and refusal[:2] == (Code.SERVER_DOWN, RESTARTED)
    assert made.refuses(CALL) is None and made.wide_open


def test_calls_to_another_server_than_before_are_held_and_lists_are_not() -> None:
    made, _, _ = gate()
    made.differences, made.untold = "tool a", True
    refusal = made.refuses(CALL)
    assert refusal is not None and refusal[:2] == (Code.APPROVAL, CHANGED)
    assert "tool a" in refusal[2]("REF") and "REF" in refusal[2]("REF")
    assert made.refuses(LIST) is None


def test_one_that_was_given_up_refuses_everything_with_its_reason() -> None:
    made, lifecycle, _ = gate(Upkeep(deaths_a_minute=1))
    lifecycle.died("signal 11", 1.0)
    made.connected = False
    for request in (CALL, LIST):
        refusal = made.refuses(request)
        assert refusal is not None and refusal[:2] == (Code.SERVER_DOWN, GIVEN_UP)
        assert "last by signal 11" in refusal[2]("REF")


def test_a_full_queue_refuses_only_while_it_is_needed() -> None:
    made, _, parking = gate()
    for _ in range(MAX_PARKED):
        parking.add(b"n", [], 0.0)
    assert made.refuses(LIST) is None
    made.connected = False
    refusal = made.refuses(LIST)
    assert refusal is not None and refusal[:2] == (Code.SERVER_DOWN, DOWN)


@pytest.mark.parametrize("request_", [CALL, LIST])
def test_what_is_refused_afterwards_is_recorded_before_it_is_answered(request_: Pending) -> None:
    made, _, _ = gate()
    made.differences = "tool a"
    record, answer = refuse([request_], made.hold, lambda: "ABCDEFGH")
    assert isinstance(record, Record) and isinstance(answer, ToClient)
    assert (record.method, record.decision, record.ref) == (REFUSED, "refuse", "ABCDEFGH")
    assert record.reason == f"{request_.method}: {CHANGED}"
    assert str(json.loads(answer.frame)["id"]) == request_.id_text and b"ABCDEFGH" in answer.frame
