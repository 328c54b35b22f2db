"""The tables agree with each other."""

from __future__ import annotations

from mcpgw.protocol import methods
from mcpgw.protocol.methods import Direction


def test_directions_have_a_way_back() -> None:
    assert Direction.TO_SERVER.back is Direction.TO_CLIENT
    assert [direction.label for direction in Direction] == ["to_server", "to_client"]


def test_what_is_refused_never_hides_the_server() -> None:
    assert {"initialize", "server/discover", "ping", "tools/list"} <= methods.ALWAYS_ANSWERED
    assert "tools/call" not in methods.ALWAYS_ANSWERED
    assert methods.METADATA_METHODS <= methods.ALWAYS_ANSWERED


def test_revisions_compare_as_dates() -> None:
    assert list(methods.REVISIONS) == sorted(methods.REVISIONS)
    assert methods.BATCH_REVISION in methods.REVISIONS
