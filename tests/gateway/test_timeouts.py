"""Deadlines of requests, and what moves them."""

from __future__ import annotations

import json
from typing import Any

from mcpgw.gateway.strays import read
from mcpgw.gateway.timeouts import Deadlines
from mcpgw.protocol.message import Message


def request(identity: Any, token: Any = None) -> Message:
    params = {} if token is None else {"_meta": {"progressToken": token}}
    found = read(json.dumps({"jsonrpc": "2.0", "id": identity, "method": "x", "params": params}).encode() + b"\n")
    assert found is not None
    return found


def test_the_next_deadline_is_the_earliest_that_waits() -> None:
    deadlines = Deadlines()
    assert not deadlines and deadlines.next() is None
    deadlines.set(request(1), 10, 0.0)
    deadlines.set(request("1"), 5, 1.0)
    assert deadlines.next() == 6.0
    deadlines.answered('"1"')
    assert deadlines.overdue(9.9) == {}
    assert deadlines.overdue(10.0) == {"1": 10}
    assert not deadlines


def test_progress_moves_the_deadline_of_its_own_request() -> None:
    deadlines = Deadlines()
    deadlines.set(request(1, 7), 5, 0.0)
    for stranger in ("7", 7.0, True, None):
        deadlines.progressed(stranger, 3.0)
    assert deadlines.next() == 5.0
    deadlines.progressed(7, 3.0)
    assert deadlines.next() == 8.0
