"""What is kept of a passing frame is what was sent, not what was meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcpgw.gateway.continuity import Continuity
from mcpgw.gateway.effects import Effect, ToServer
from mcpgw.gateway.notes import Notes
from mcpgw.gateway.session import Session
from mcpgw.gateway.strays import read
from mcpgw.gateway.waiting import Waiting
from mcpgw.policy.rule import Upkeep
from mcpgw.protocol.message import Message
from mcpgw.protocol.methods import Direction


def message(**members: Any) -> Message:
    found = read(json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n")
    assert found is not None
    return found


def notes(upkeep: Upkeep | None = None) -> tuple[Notes, Continuity, Waiting]:
    memory, waiting = Continuity(), Waiting(Session(None, "i"))
    return Notes(memory, waiting, upkeep or Upkeep()), memory, waiting


def test_progress_and_time_outs_are_watched_only_where_the_policy_asks() -> None:
    made, _, _ = notes()
    assert "notifications/progress" not in made.watched and "tools/call" not in made.watched
    made.adopt(Upkeep(progress_extends=True, timeouts={"tools/call": 5}))
    assert {"notifications/progress", "tools/call"} <= made.watched


def test_a_redacted_request_is_kept_as_the_server_got_it() -> None:
    made, memory, _ = notes()
    meant = message(id=1, method="initialize", params={"key": "secret"})
    sent = message(id=1, method="initialize", params={"key": "[mcpgw:r:ABCDEFGH]"})
    made.take(Direction.TO_SERVER, meant, None, [ToServer(sent.raw)], 0.0)
    memory.passed(message(id=1, result={}), "1")
    assert memory.initialize is not None and memory.initialize.raw == sent.raw


@pytest.mark.parametrize(("alone", "kept"), [(True, {"1"}), (False, set())])
def test_what_stood_in_an_array_is_not_asked_again(alone: bool, kept: set[str]) -> None:
    made, _, waiting = notes()
    asked = message(id=1, method="tools/list")
    session_frame = asked.raw if alone else b"[" + asked.raw.strip() + b"]\n"
    effects: list[Effect] = [ToServer(session_frame)]
    waiting._session.receive(Direction.TO_SERVER, asked.raw, now=0.0)
    made.take(Direction.TO_SERVER, asked, None, effects, 0.0)
    waiting.lost(1.0, failed=False)
    assert waiting.parking.ids() == kept


def test_a_servers_own_request_sets_no_time_out() -> None:
    made, _, waiting = notes(Upkeep(timeouts={"ping": 5}))
    made.take(Direction.TO_CLIENT, message(id=1, method="ping"), None, [], 0.0)
    assert waiting.due_at() is None
    made.take(Direction.TO_SERVER, message(id=1, method="ping"), None, [], 0.0)
    assert waiting.due_at() == 5.0
