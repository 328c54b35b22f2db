"""Arrays of a 2025-03-26 session, when the server that they are for, or from, ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcpgw.gateway.effects import Effect, ToClient, ToServer
from mcpgw.gateway.lasting import Lasting
from mcpgw.gateway.lifecycle import Lifecycle
from support.judges import judge
from support.playbook import Arrival, call, client, server

AGREED = {"protocolVersion": "2025-03-26", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
SETTINGS = '[server]\nrestart_delay_seconds = 0\nstateless = true\n[timeouts]\n"tools/call" = 5'


class Story:
    """A session whose peers may send arrays, and its clock."""

    def __init__(self) -> None:
        made = judge("balanced", SETTINGS)
        self.session = Lasting(made, "i", Lifecycle(made.policy.upkeep, lambda: 0.0), "0f0f")
        self.now = 0.0
        self.take(client({"id": 0, "method": "initialize", "params": {"protocolVersion": "2025-03-26"}}))
        self.take(server({"id": 0, "result": AGREED}))

    def take(self, arrival: Arrival) -> list[Effect]:
        return self.session.receive(arrival.direction, arrival.frame, now=self.now)

    def die(self) -> list[Effect]:
        return self.session.server_ended("signal 9", b"", now=self.now)

    def recover(self) -> list[Effect]:
        self.session.tick(now=self.now)
        (hello,) = to_server(self.session.server_started(now=self.now))
        return self.take(server({"id": hello["id"], "result": AGREED}))


def array(*arrivals: Arrival) -> Arrival:
    """The same messages in one frame."""
    return Arrival(arrivals[0].direction, b"[%b]\n" % b",".join(bytes(one.frame).strip() for one in arrivals))  # type: ignore[arg-type]


def to_server(effects: list[Effect]) -> list[Any]:
    return [json.loads(effect.frame) for effect in effects if isinstance(effect, ToServer)]


def to_client(effects: list[Effect]) -> list[Any]:
    return [json.loads(effect.frame) for effect in effects if isinstance(effect, ToClient)]


@pytest.mark.requirement("respawn.arrays")
def test_each_request_of_an_array_is_answered_at_its_death() -> None:
    story = Story()
    story.take(array(call(1), call("1"), client({"id": 2, "method": "tools/list"})))
    assert [answer["id"] for answer in to_client(story.die())] == [1, "1", 2]
    assert to_server(story.recover()) == []


@pytest.mark.requirement("respawn.arrays")
def test_an_answer_to_the_dead_is_taken_out_of_an_array() -> None:
    story = Story()
    story.take(server({"id": 0, "method": "roots/list"}))
    story.die()
    story.recover()
    sent = array(client({"id": 0, "result": {"roots": []}}), client({"id": 5, "method": "ping"}))
    assert to_server(story.take(sent)) == [[{"jsonrpc": "2.0", "id": 5, "method": "ping"}]]


@pytest.mark.requirement("respawn.arrays")
def test_an_id_that_the_client_has_open_is_not_used_again_in_an_array() -> None:
    story = Story()
    story.take(server({"id": 0, "method": "roots/list"}))
    story.die()
    story.recover()
    asked = [server({"id": number, "method": "roots/list"}) for number in (0, 1)]
    ((first, second),) = to_client(story.take(array(*asked)))
    assert (first["id"], second["id"]) == ("mcpgw-0f0f-r-1", 1)
    answered = array(client({"id": first["id"], "result": {"roots": []}}), client({"id": 1, "result": {"roots": []}}))
    assert [one["id"] for one in to_server(story.take(answered))[0]] == [0, 1]


def test_the_answer_to_a_replay_may_come_in_an_array() -> None:
    story = Story()
    story.die()
    story.take(call(7))
    story.session.tick(now=story.now)
    (hello,) = to_server(story.session.server_started(now=story.now))
    effects = story.take(array(server({"id": hello["id"], "result": AGREED}), server({"method": "notifications/x"})))
    assert to_client(effects) == [[{"jsonrpc": "2.0", "method": "notifications/x"}]]
    assert [one["id"] for one in to_server(effects)] == [7]


@pytest.mark.requirement("respawn.arrays")
def test_what_was_answered_meanwhile_is_not_sent_with_the_rest_of_its_array() -> None:
    story = Story()
    story.die()
    story.take(array(call(1), client({"id": 2, "method": "ping"})))
    story.now = 6.0
    assert [answer["id"] for answer in to_client(story.session.tick(now=6.0))] == [1]
    (hello,) = to_server(story.session.server_started(now=story.now))
    (resumed,) = to_server(story.take(server({"id": hello["id"], "result": AGREED})))
    assert [one["id"] for one in resumed] == [2]
