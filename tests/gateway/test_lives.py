"""Any order of calls, answers, deaths and restarts: who asks is answered once, and no call is sent twice."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mcpgw.gateway.effects import Effect, Start, Stop, ToClient, ToServer
from mcpgw.gateway.lasting import Lasting
from mcpgw.gateway.lifecycle import Lifecycle
from mcpgw.policy.rule import Upkeep
from support.playbook import Arrival, client, server

AGREED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
UPKEEP = Upkeep(deaths_a_minute=4, stateless=True, timeouts={"tools/call": 20, "initialize": 30})


class Lives(RuleBasedStateMachine):
    """A client and the servers of one session, which keep their own books."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.session = Lasting(None, "i", Lifecycle(UPKEEP, lambda: 0.5), "ab")
        self.life = 1
        self.alive = True
        self.asked: dict[int, str] = {}
        self.answers: list[Any] = []
        self.open_here: list[Any] = []  # requests that the server of this life has read and not answered
        self.calls_seen: list[int] = []
        self.asks_of_servers: dict[Any, int] = {}  # id as the client knows it -> the life that asked
        self.theirs = 0
        self.crossed: list[Any] = []
        self.take(client({"id": 0, "method": "initialize", "params": {}}))
        self.take(server({"id": 0, "result": AGREED}))
        self.take(client({"method": "notifications/initialized"}))
        self.answers.clear()
        self.open_here.clear()

    def take(self, arrival: Arrival) -> None:
        self.perform(self.session.receive(arrival.direction, arrival.frame, now=self.now))

    def perform(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, ToClient):
                self.client_reads(json.loads(effect.frame))
            elif isinstance(effect, ToServer) and self.alive:
                self.server_reads(json.loads(effect.frame))
            elif isinstance(effect, Start):
                self.life, self.alive, self.theirs = self.life + 1, True, 0
                self.perform(self.session.server_started(now=self.now))
            elif isinstance(effect, Stop):
                self.dies()

    def client_reads(self, message: Any) -> None:
        if "method" not in message:
            self.answers.append(message["id"])
        elif "id" in message:
            self.asks_of_servers[message["id"]] = self.life

    def server_reads(self, message: Any) -> None:
        if message.get("method") == "tools/call":
            self.calls_seen.append(message["id"])
        if "method" in message and "id" in message:
            self.open_here.append(message)
        elif "method" not in message and message["result"]["life"] != self.life:
            self.crossed.append(message)

    def dies(self) -> None:
        self.alive = False
        self.open_here.clear()
        self.perform(self.session.server_ended("signal 9", b"", now=self.now))

    @rule(method=st.sampled_from(["tools/call", "tools/list", "x/other"]))
    def client_asks(self, method: str) -> None:
        identity = len(self.asked) + 1
        self.asked[identity] = method
        self.take(client({"id": identity, "method": method, "params": {"name": "t"}}))

    @precondition(lambda self: self.alive and self.open_here)
    @rule(data=st.data())
    def server_answers(self, data: st.DataObject) -> None:
        request = self.open_here.pop(data.draw(st.integers(0, len(self.open_here) - 1)))
        result = AGREED if request["method"] == "initialize" else {"tools": []}
        self.take(server({"id": request["id"], "result": result}))

    @precondition(lambda self: self.alive)
    @rule()
    def server_asks(self) -> None:
        self.take(server({"id": self.theirs, "method": "roots/list"}))
        self.theirs += 1

    @precondition(lambda self: self.asks_of_servers)
    @rule(data=st.data())
    def client_answers(self, data: st.DataObject) -> None:
        identity = data.draw(st.sampled_from(sorted(self.asks_of_servers, key=str)))
        life = self.asks_of_servers.pop(identity)
        self.take(client({"id": identity, "result": {"life": life}}))

    @precondition(lambda self: self.alive)
    @rule()
    def server_dies(self) -> None:
        self.dies()

    @rule(seconds=st.floats(0, 40))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.perform(self.session.tick(now=self.now))

    @rule()
    def someone_restarts(self) -> None:
        self.perform(self.session.restart(now=self.now))

    @invariant()
    def nobody_is_answered_twice_nor_what_was_not_asked(self) -> None:
        assert len(self.answers) == len(set(self.answers))
        assert set(self.answers) <= self.asked.keys()

    @invariant()
    def no_call_is_sent_twice(self) -> None:
        assert len(self.calls_seen) == len(set(self.calls_seen))

    @invariant()
    def no_answer_reaches_another_life(self) -> None:
        assert self.crossed == []

    def teardown(self) -> None:
        """Whoever asked is answered in the end: by a server that never comes back, at the latest."""
        for _ in range(60):
            if self.alive:
                self.dies()
            self.now += 1.0
            self.perform(self.session.tick(now=self.now))
        assert sorted(self.answers) == sorted(self.asked)


Lives.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLives = Lives.TestCase
