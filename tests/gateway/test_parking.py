"""What waits for a server keeps its order and has an end."""

from __future__ import annotations

from mcpgw.gateway.parking import HOLD_SECONDS, MAX_PARKED, MAX_PARKED_BYTES, Parking


def test_it_gives_back_what_it_got_in_order() -> None:
    parking = Parking()
    parking.add(b"a", ("1",), 0.0)
    parking.add(b"n", (), 1.0)
    parking.add(b"b", ("2", "3"), 2.0)
    assert parking.ids() == {"1", "2", "3"}
    assert parking.due() == HOLD_SECONDS
    assert parking.expired(HOLD_SECONDS) == ["1"]
    assert parking.due() == 2.0 + HOLD_SECONDS
    assert [each.frame for each in parking.take()] == [b"n", b"b"]
    assert parking.take() == [] and parking.due() is None


def test_it_is_bounded_in_number_and_size() -> None:
    parking = Parking()
    for _ in range(MAX_PARKED + 5):
        parking.add(b"n", (), 0.0)
    assert parking.full and len(parking.take()) == MAX_PARKED
    parking.add(b"n" * MAX_PARKED_BYTES, (), 0.0)
    assert parking.full
    parking.take()
    assert not parking.full
