"""What a new life is told, in which order, and what it is held against."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest

from mcpgw.gateway.continuity import Continuity
from mcpgw.gateway.replay import Replay
from mcpgw.gateway.strays import read
from mcpgw.protocol.message import Message

AGREED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}


def message(**members: Any) -> Message:
    found = read(json.dumps({"jsonrpc": "2.0", **members}).encode() + b"\n")
    assert found is not None
    return found


def told(memory: Continuity, identity: int, method: str, result: Any, **params: Any) -> None:
    """The client asked, and the server agreed."""
    memory.passed(message(id=identity, method=method, params=params), None)
    memory.passed(message(id=identity, result=result), str(identity))


def memory(*, initialized: bool = True, tools: Any = None) -> Continuity:
    made = Continuity()
    told(made, 0, "initialize", AGREED, protocolVersion="2025-11-25")
    if initialized:
        made.passed(message(method="notifications/initialized"), None)
    if tools is not None:
        told(made, 1, "tools/list", {"tools": tools})
    return made


class Server:
    """The new life, seen from its stdin."""

    def __init__(self, kept: Continuity) -> None:
        self.replay = Replay(kept, "ab", count(1).__next__)
        self.heard = self._read(self.replay.begin())

    @staticmethod
    def _read(frames: list[bytes]) -> list[Any]:
        return [json.loads(frame) for frame in frames]

    def methods(self) -> list[str]:
        return [one["method"] for one in self.heard]

    def says(self, place: int, **outcome: Any) -> None:
        """Answers what it heard at `place`; what it hears next."""
        answer = message(id=self.heard[place]["id"], **outcome)
        assert self.replay.awaits(answer)
        self.heard = self._read(self.replay.answered(answer))
        assert not self.replay.awaits(answer)


@pytest.mark.requirement("respawn.replay")
def test_level_and_subscriptions_follow_the_handshake_and_the_tools_come_last() -> None:
    kept = memory(tools=[{"name": "a"}])
    told(kept, 2, "logging/setLevel", {}, level="error")
    told(kept, 3, "resources/subscribe", {}, uri="x:1")
    server = Server(kept)
    assert server.methods() == ["initialize"] and not server.replay.done
    assert server.heard[0]["id"] == "mcpgw-ab-1"
    server.says(0, result=AGREED)
    assert server.methods() == ["notifications/initialized", "logging/setLevel", "resources/subscribe", "tools/list"]
    again = server.heard
    for place in (1, 2):
        server.heard = again
        server.says(place, error={"code": 1, "message": "no"})  # the client's to notice
        assert server.heard == [] and not server.replay.done
    server.heard = again
    server.says(3, result={"tools": [{"name": "a"}]})
    assert server.replay.done and server.replay.differences == []


def test_a_client_that_has_not_ended_its_handshake_does_so_itself() -> None:
    server = Server(memory(initialized=False))
    server.says(0, result=AGREED)
    assert server.heard == [] and server.replay.done


def test_a_refused_handshake_is_a_fault() -> None:
    server = Server(memory())
    server.says(0, error={"code": -32602, "message": "no"})
    assert "refused the handshake" in server.replay.fault and not server.replay.done


@pytest.mark.requirement("respawn.swapped-tools")
def test_all_pages_are_compared_with_the_first_list() -> None:
    server = Server(memory(tools=[{"name": "a"}, {"name": "b"}]))
    server.says(0, result={**AGREED, "capabilities": {"tools": {}}})
    server.says(1, result={"tools": [{"name": "a"}], "nextCursor": "p2"})
    assert [one["params"] for one in server.heard] == [{"cursor": "p2"}]
    server.says(0, result={"tools": [{"name": "c"}]})
    assert server.replay.done
    assert server.replay.differences == ["capabilities", "tool b", "tool c"]


def test_tools_that_cannot_be_listed_any_more_are_a_difference() -> None:
    server = Server(memory(tools=[]))
    server.says(0, result=AGREED)
    server.says(1, error={"code": -32601, "message": "no such method"})
    assert server.replay.done and server.replay.differences == ["its tools cannot be listed"]


def test_without_a_handshake_nothing_is_told() -> None:
    server = Server(Continuity())
    assert server.heard == [] and server.replay.done


def test_the_servers_own_requests_are_no_answers() -> None:
    server = Server(memory())
    assert not server.replay.awaits(message(id="mcpgw-ab-1", method="roots/list"))
    assert not server.replay.awaits(message(id=1, result={}))
