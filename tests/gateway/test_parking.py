"""What waits for a server keeps its order and has an end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcpgw.gateway.parking import HOLD_SECONDS, MAX_PARKED, MAX_PARKED_BYTES, SIGN_SECONDS, Parking
from mcpgw.gateway.strays import read
from mcpgw.protocol.message import Message


def request(identity: int, **meta: Any) -> Message:
    message = {"jsonrpc": "2.0", "id": identity, "method": "tools/call", "params": {"name": "t", "_meta": meta}}
    found = read(json.dumps(message).encode())
    assert found is not None
    return found


def test_it_gives_back_what_it_got_in_order() -> None:
    parking = Parking()
    parking.add(b"a", [request(1)], 0.0)
    parking.add(b"n", [], 1.0)
    parking.add(b"b", [request(2), request(3)], 2.0)
    assert parking.ids() == {"1", "2", "3"}
    assert parking.due() == HOLD_SECONDS
    assert parking.expired(HOLD_SECONDS) == ["1"]
    assert parking.due() == 2.0 + HOLD_SECONDS
    assert [each.frame for each in parking.take()] == [b"n", b"b"]
    assert parking.take() == [] and parking.due() is None


def test_it_is_bounded_in_number_and_size() -> None:
    parking = Parking()
    for _ in range(MAX_PARKED + 5):
        parking.add(b"n", [], 0.0)
    assert parking.full and len(parking.take()) == MAX_PARKED
    parking.add(b"n" * MAX_PARKED_BYTES, [], 0.0)
    assert parking.full
    parking.take()
    assert not parking.full


@pytest.mark.requirement("respawn.progress")
def test_progress_rises_to_zero_and_goes_only_to_who_asked() -> None:
    parking = Parking()
    for number, token in enumerate(("p", 7, 2**60, True, 0.5, None)):
        parking.add(b"f", [request(number, progressToken=token)], 0.0)
    parking.add(b"f", [request(9)], 0.0)
    assert parking.due() == SIGN_SECONDS and parking.signs(SIGN_SECONDS - 0.1) == []
    said = [json.loads(frame)["params"] for frame in parking.signs(SIGN_SECONDS)]
    assert [one["progressToken"] for one in said] == ["p", 7, 2**60]
    later = [json.loads(frame)["params"] for frame in parking.signs(2.0 * SIGN_SECONDS)]
    assert said[0]["progress"] < later[0]["progress"] < 0


def test_nobody_is_told_after_it_was_answered_or_sent() -> None:
    parking = Parking()
    parking.add(b"f", [request(1, progressToken="p")], 0.0)
    assert parking.expired(HOLD_SECONDS) == ["1"] and parking.signs(HOLD_SECONDS) == []
    parking.add(b"f", [request(2, progressToken="p")], 0.0)
    parking.take()
    assert parking.signs(HOLD_SECONDS) == [] and parking.due() is None


def test_only_a_request_that_is_alone_in_its_frame_is_taken_back() -> None:
    parking = Parking()
    parking.add(b"one", [request(1)], 0.0)
    parking.add(b"two", [request(2), request(3)], 0.0)
    assert parking.cancel("1") and not parking.cancel("1") and not parking.cancel("2")
    assert [each.frame for each in parking.take()] == [b"two"]
