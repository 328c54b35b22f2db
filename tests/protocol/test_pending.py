"""Only what was asked can be answered, and only once."""

from __future__ import annotations

from mcpgw.protocol.pending import MAX_PENDING, Pending, PendingTable


def _table(*keys: str) -> PendingTable:
    table = PendingTable()
    for key in keys:
        table.add(key, Pending(key, "ping", None, False, 0.0))
    return table


def test_a_request_is_settled_once_and_by_its_own_type() -> None:
    table = _table("1")
    assert table.settle('"1') is None
    assert table.settle(None) is None
    assert table.settle("1") == Pending("1", "ping", None, False, 0.0)
    assert table.settle("1") is None


def test_a_broken_answer_settles_every_reading() -> None:
    table = _table("1", "2", "3")
    assert [each.id_text for each in table.settle_any(("2", "9", "1"), unreadable=False)] == ["2", "1"]
    assert len(table) == 1


def test_an_unreadable_answer_is_for_the_only_one_that_waits() -> None:
    assert _table("1", "2").settle_any((), unreadable=True) == []
    assert _table("1").settle_any(("9",), unreadable=False) == []
    assert [each.id_text for each in _table("1").settle_any((), unreadable=True)] == ["1"]


def test_settles_all_in_order() -> None:
    table = _table("b", "a")
    assert [each.id_text for each in table.settle_all()] == ["b", "a"]
    assert "a" not in table


def test_is_bounded() -> None:
    assert not _table("1").full
    assert _table(*map(str, range(MAX_PENDING))).full
