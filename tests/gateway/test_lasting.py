"""A session over several lives of its server, told as a story without a process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcpgw.audit.record import Record
from mcpgw.gateway.effects import Effect, Standing, Start, Stop, ToClient, ToServer
from mcpgw.gateway.lasting import Lasting
from mcpgw.gateway.lifecycle import Lifecycle
from mcpgw.gateway.parking import HOLD_SECONDS, MAX_PARKED, SIGN_SECONDS
from mcpgw.policy.rule import Upkeep
from mcpgw.protocol.methods import Direction
from support.judges import judge
from support.playbook import Arrival, call, client, server

INITIALIZE = {"id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}}}
AGREED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
STATELESS = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
MARK = "0f0f"


class Story:
    """A Lasting session and its clock."""

    def __init__(self, settings: str = "", profile: str = "balanced", *, policy: bool = True) -> None:
        made = judge(profile, settings) if policy else None
        lifecycle = Lifecycle(made.policy.upkeep if made else Upkeep(), lambda: 0.0)
        self.session = Lasting(made, "i", lifecycle, MARK)
        self.now = 0.0

    def take(self, arrival: Arrival) -> list[Effect]:
        return self.session.receive(arrival.direction, arrival.frame, now=self.now)

    def open(self) -> Story:
        self.take(client(INITIALIZE))
        assert Standing("ready", "") in self.take(server({"id": 0, "result": AGREED}))
        self.take(client({"method": "notifications/initialized"}))
        return self

    def die(self, rest: bytes = b"") -> list[Effect]:
        return self.session.server_ended("signal 9", rest, now=self.now)

    def come_back(self) -> list[Effect]:
        """The next start, as soon as it is due."""
        due = self.session.due_at()
        assert due is not None
        self.now = max(due, self.now)
        assert Start() in self.session.tick(now=self.now)
        return self.session.server_started(now=self.now)

    def recover(self) -> list[Effect]:
        """Death, a new start and its handshake."""
        (sent,) = to_server(self.come_back())
        return self.take(server({"id": sent["id"], "result": AGREED}))

    def after(self, seconds: float) -> list[Effect]:
        self.now += seconds
        return self.session.tick(now=self.now)


def to_server(effects: list[Effect]) -> list[Any]:
    return [json.loads(effect.frame) for effect in effects if isinstance(effect, ToServer)]


def to_client(effects: list[Effect]) -> list[Any]:
    return [json.loads(effect.frame) for effect in effects if isinstance(effect, ToClient)]


def reasons(effects: list[Effect]) -> list[str | None]:
    return [effect.reason for effect in effects if isinstance(effect, Record)]


def said(answer: Any) -> str:
    return str(answer["result"]["content"][0]["text"])


@pytest.mark.requirement("failure.server-gone")
def test_under_mirror_whoever_waits_is_told_and_the_session_is_over() -> None:
    story = Story('[server]\non_crash = "mirror"').open()
    story.take(call(1))
    story.take(call("b"))
    answers = to_client(story.die())
    assert [(each["id"], each["error"]["code"]) for each in answers] == [(1, -31004), ("b", -31004)]
    assert "signal 9" in answers[0]["error"]["message"]
    assert story.session.over


@pytest.mark.requirement("respawn.pending-call")
def test_every_request_is_answered_at_its_death_and_none_is_sent_again() -> None:
    story = Story().open()
    story.take(call(1))
    story.take(client({"id": 2, "method": "x/unknown"}))
    one, two = to_client(story.die())
    assert one["result"]["isError"] and "state is lost" in said(one)
    assert (two["id"], two["error"]["code"]) == (2, -31004)
    assert [sent["method"] for sent in to_server(story.recover())] == ["notifications/initialized"]


@pytest.mark.requirement("respawn.hold")
def test_who_waits_too_long_for_a_server_is_answered() -> None:
    story = Story().open()
    story.die()
    assert to_client(story.take(call(1)))[0]["result"]["isError"]  # told once
    assert to_client(story.take(call(2))) == []
    assert story.session.due_at() == 1.0
    story.come_back()
    (answer,) = to_client(story.after(HOLD_SECONDS))
    assert f"within {HOLD_SECONDS} s" in said(answer)


@pytest.mark.requirement("respawn.hold")
def test_the_queue_is_bounded() -> None:
    story = Story("[server]\nstateless = true").open()
    story.die()
    for number in range(MAX_PARKED):
        assert to_client(story.take(call(100 + number))) == []
    assert "too many" in said(to_client(story.take(call(1)))[0])
    sent = to_server(story.recover())
    assert [each["id"] for each in sent if "id" in each] == [100 + number for number in range(MAX_PARKED)]


def test_what_was_not_recorded_is_not_sent_later() -> None:
    story = Story("[server]\nstateless = true").open()
    story.die()
    story.take(call(1))
    (refused,) = to_client(story.session.unrecorded([]))
    assert refused["result"]["isError"]
    assert [each["method"] for each in to_server(story.recover())] == ["notifications/initialized"]


def test_a_new_life_that_refuses_the_handshake_is_ended_and_counted() -> None:
    story = Story().open()
    story.die()
    (sent,) = to_server(story.come_back())
    effects = story.take(server({"id": sent["id"], "error": {"code": -32602, "message": "no"}}))
    assert Stop() in effects


def test_a_new_life_that_does_not_answer_the_handshake_is_ended() -> None:
    story = Story("[timeouts]\ninitialize = 5").open()
    story.die()
    story.come_back()
    assert Stop() not in story.after(4.9)
    assert Stop() in story.after(0.2)


@pytest.mark.requirement("respawn.floor")
def test_only_an_answer_to_the_client_earns_a_start_without_delay() -> None:
    story = Story("[server]\nrestart_delay_seconds = 0\ndeaths_a_minute = 0\nstateless = true").open()
    story.die()
    story.recover()  # what it answers to the gateway does not count
    story.die()
    assert story.session.due_at() == story.now + 1
    story.take(call(1))
    story.recover()
    story.take(server({"id": 1, "result": {"content": []}}))
    story.die()
    assert story.session.due_at() == story.now


@pytest.mark.requirement("respawn.silent")
def test_who_waits_for_a_server_without_an_output_is_answered_before_its_end() -> None:
    story = Story('[timeouts]\n"tools/call" = 50').open()
    story.take(call(1))
    story.take(client({"id": 2, "method": "tools/list"}))
    story.take(server({"id": 0, "method": "roots/list"}))
    effects = story.session.server_silent(now=story.now)
    assert Standing("stopping", "the server closed its output, so it is being ended") in effects
    cancelled, answer = to_client(effects)
    assert cancelled["params"]["requestId"] == 0
    assert answer["id"] == 1 and "closed its output" in said(answer)
    assert story.session.server_silent(now=story.now) == []
    assert to_server(story.take(call(3))) == []
    assert to_client(story.die()) == []
    assert [each.get("id") for each in to_server(story.recover())] == [None, 2, 3]


@pytest.mark.requirement("respawn.silent")
def test_under_mirror_it_answers_too_and_the_session_ends_with_the_server() -> None:
    story = Story('[server]\non_crash = "mirror"').open()
    story.take(call(1))
    (answer,) = to_client(story.session.server_silent(now=story.now))
    assert (answer["id"], answer["error"]["code"], story.session.over) == (1, -31004, False)
    assert to_client(story.take(call(2))) == []
    assert [each["id"] for each in to_client(story.die())] == [2]
    assert story.session.over


def test_before_the_handshake_a_closed_output_is_the_clients_to_see() -> None:
    story = Story()
    story.take(client(INITIALIZE))
    assert story.session.server_silent(now=story.now) == []


@pytest.mark.requirement("respawn.progress")
def test_who_asked_for_progress_hears_of_the_wait_and_then_of_nothing_but_the_call() -> None:
    story = Story("[server]\nrestart_delay_seconds = 12\nstateless = true").open()
    story.take(client({"id": 1, "method": "tools/list", "params": {"_meta": {"progressToken": "lists"}}}))
    story.die()
    story.take(call(2, _meta={"progressToken": 7}))
    story.take(call(3))
    heard = [one for _ in range(2) for one in to_client(story.after(SIGN_SECONDS))]
    assert [one["params"]["progressToken"] for one in heard] == ["lists", 7, "lists", 7]
    assert [one["params"]["progress"] for one in heard] == [-25, -25, -20, -20]
    assert [each.get("id") for each in to_server(story.recover())] == [None, 1, 2, 3]
    assert story.session.due_at() is None


@pytest.mark.requirement("respawn.progress")
def test_no_progress_follows_an_answer() -> None:
    story = Story("[server]\nstateless = true").open()
    story.die()
    story.take(call(1, _meta={"progressToken": "p"}))
    story.come_back()
    (answer,) = to_client(story.after(HOLD_SECONDS))
    assert answer["id"] == 1
    assert to_client(story.after(HOLD_SECONDS)) == []


def test_a_repeated_list_waits_no_longer_than_anything_else() -> None:
    story = Story().open()
    story.take(client({"id": 1, "method": "tools/list"}))
    story.die()
    story.come_back()
    (answer,) = to_client(story.after(HOLD_SECONDS))
    assert (answer["id"], answer["error"]["code"]) == (1, -31004)


@pytest.mark.requirement("respawn.taken-back")
def test_a_call_that_is_cancelled_while_it_is_held_goes_nowhere() -> None:
    story = Story("[server]\nstateless = true").open()
    story.die()
    for number in (1, 2):
        story.take(call(number, _meta={"progressToken": number}))
    for identity in (1, 99, []):
        cancellation = client({"method": "notifications/cancelled", "params": {"requestId": identity}})
        assert to_client(story.take(cancellation)) == []
    (hello,) = to_server(story.come_back())
    assert [one["params"]["progressToken"] for one in to_client(story.after(SIGN_SECONDS))] == [2]
    told = to_server(story.take(server({"id": hello["id"], "result": AGREED})))
    assert [each.get("id") for each in told] == [None, 2, None, None]
    assert to_client(story.take(server({"id": 2, "result": {"content": []}})))[0]["id"] == 2


@pytest.mark.requirement("respawn.repeat")
def test_a_list_that_ends_two_servers_is_answered() -> None:
    story = Story().open()
    story.take(client({"id": 1, "method": "tools/list"}))
    assert to_client(story.die()) == []
    assert [each["method"] for each in to_server(story.recover())] == ["notifications/initialized", "tools/list"]
    assert to_client(story.die())[0]["error"]["code"] == -31004


@pytest.mark.requirement("respawn.stateless-era")
def test_without_a_handshake_a_new_life_serves_at_once() -> None:
    story = Story()
    listen = client({"id": 1, "method": "subscriptions/listen", "params": STATELESS})
    story.take(call(0, **STATELESS))
    assert Standing("ready", "") in story.take(server({"id": 0, "result": {"resultType": "complete", "content": []}}))
    story.take(listen)
    (ended,) = to_client(story.die())
    assert (ended["id"], ended["error"]["code"]) == (1, -31004)
    told = to_client(story.take(call(2, **STATELESS)))[0]
    assert (told["result"]["resultType"], told["result"]["isError"]) == ("complete", True)
    story.take(call(3, **STATELESS))
    assert [each["id"] for each in to_server(story.come_back())] == [3]


@pytest.mark.requirement("respawn.swapped-tools")
def test_tools_are_compared_without_a_handshake_too() -> None:
    story = Story(profile="strict")
    listed = {"resultType": "complete", "tools": [{"name": "a", "description": "one"}]}
    story.take(client({"id": 0, "method": "tools/list", "params": STATELESS}))
    story.take(server({"id": 0, "result": listed}))
    story.die()
    (again,) = to_server(story.come_back())
    assert again["params"] == STATELESS
    listed["tools"] = [{"name": "a", "description": "two"}]
    effects = story.take(server({"id": again["id"], "result": listed}))
    assert "the restarted server differs from the first: tool a" in reasons(effects)
    assert "tool a" in said(to_client(story.take(call(5)))[0])


def test_the_gateways_own_answers_reach_nobody() -> None:
    story = Story().open()
    story.die()
    (sent,) = to_server(story.come_back())
    effects = story.take(server({"id": sent["id"], "result": AGREED}))
    assert "answers the gateway's own request" in reasons(effects)
    assert to_client(effects) == []
    late = story.take(server({"id": sent["id"], "result": AGREED}))
    assert to_client(late) == [] and reasons(late) == ["nobody waits for it"]


@pytest.mark.requirement("respawn.replay")
@pytest.mark.parametrize("late", [False, True])
def test_the_end_of_the_handshake_is_told_once(late: bool) -> None:
    story = Story()
    story.take(client(INITIALIZE))
    story.take(server({"id": 0, "result": AGREED}))
    story.die()
    initialized = client({"method": "notifications/initialized"})
    told = [] if late else to_server(story.take(initialized))
    told += to_server(story.recover())
    told += to_server(story.take(initialized)) if late else []
    assert [each["method"] for each in told] == ["notifications/initialized"]


def test_what_cannot_be_kept_for_a_restart_passes_and_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story().open()

    def broken(*arguments: object) -> None:
        raise LookupError

    monkeypatch.setattr(story.session._waiting, "asked", broken)
    effects = story.take(client({"id": 1, "method": "tools/list"}))
    assert [sent["method"] for sent in to_server(effects)] == ["tools/list"]
    assert "not kept for a restart (LookupError)" in reasons(effects)


def test_only_the_client_ends_the_handshake() -> None:
    story = Story().open()
    story.take(server({"id": 0, "method": "elicitation/create"}))
    story.die()
    story.recover()
    for method in ("notifications/initialized", "notifications/message"):
        story.take(server({"method": method, "params": {"from": "server"}}))
    story.die()
    assert [each.get("params") for each in to_server(story.recover())] == [None]


@pytest.mark.requirement("timeouts.call")
def test_a_call_that_takes_too_long_is_cancelled_and_answered() -> None:
    story = Story('[timeouts]\n"tools/call" = 5').open()
    story.take(call(1))
    story.now += 1
    story.take(call("slow"))
    assert story.session.due_at() == 5.0
    effects = story.after(4)
    (cancelled,) = to_server(effects)
    assert (cancelled["method"], cancelled["params"]["requestId"]) == ("notifications/cancelled", 1)
    (answer,) = to_client(effects)
    assert (answer["id"], "within 5 s" in said(answer)) == (1, True)
    assert to_client(story.take(server({"id": 1, "result": {}}))) == []
    assert to_server(story.take(client({"method": "notifications/cancelled", "params": {"requestId": 1}}))) == []
    assert to_client(story.take(server({"id": "slow", "result": {"content": []}})))[0]["id"] == "slow"
    assert story.session.due_at() is None


@pytest.mark.requirement("timeouts.progress")
@pytest.mark.parametrize(("extends", "due"), [("false", 5.0), ("true", 8.0)])
def test_progress_gives_more_time_only_if_asked_to(extends: str, due: float) -> None:
    story = Story(f'[server]\nprogress_extends = {extends}\n[timeouts]\n"tools/call" = 5').open()
    story.take(call(1, _meta={"progressToken": "p"}))
    story.now += 3
    story.take(server({"method": "notifications/progress", "params": {"progressToken": "p", "progress": 1}}))
    assert story.session.due_at() == due


@pytest.mark.requirement("timeouts.handshake")
def test_a_handshake_that_takes_too_long_is_answered_and_not_cancelled() -> None:
    story = Story()
    story.take(client(INITIALIZE))
    effects = story.after(30)
    assert to_server(effects) == []
    assert to_client(effects)[0]["error"]["code"] == -31004
    assert Story("[timeouts]\ninitialize = 0").take(client(INITIALIZE))[0:1]


def test_without_a_time_out_nothing_is_due() -> None:
    story = Story("[timeouts]\ninitialize = 0").open()
    story.take(call(1))
    assert story.session.due_at() is None


@pytest.mark.requirement("respawn.failed")
def test_whoever_still_waits_when_it_is_given_up_is_answered() -> None:
    story = Story("[server]\ndeaths_a_minute = 2\nstateless = true").open()
    story.die()
    story.take(call(1))
    story.take(client({"id": 2, "method": "ping"}))
    story.come_back()
    effects = story.die()
    assert "2 times within a minute" in said(to_client(effects)[0])
    assert to_client(effects)[1]["error"]["code"] == -31004
    (refused,) = to_client(story.take(client({"id": 3, "method": "tools/list"})))
    assert "2 times within a minute" in refused["error"]["message"]
    assert story.session.restart(now=story.now) == [Standing("backoff", "it is restarted by request")]
    assert Start() in story.session.tick(now=story.now)


def test_it_lasts_without_a_policy_as_well() -> None:
    story = Story(policy=False).open()
    story.die()
    assert Standing("ready", "") in story.recover()


def test_frames_of_both_directions_pass_as_they_are() -> None:
    story = Story().open()
    asked = call(7)
    assert ToServer(asked.frame) in story.take(asked)  # type: ignore[arg-type]
    answered = server({"id": 7, "result": {"content": []}})
    assert ToClient(answered.frame) in story.take(answered)  # type: ignore[arg-type]
    assert story.session.receive(Direction.TO_CLIENT, b"banner\n", now=1.0)


@pytest.mark.requirement("relay.outlives-bugs")
def test_what_cannot_be_noted_passes_all_the_same() -> None:
    story = Story("[frames]\nmax_depth = 900").open()
    story.take(client({"id": 1, "method": "tools/list"}))
    deep = b"[" * 880 + b"]" * 880
    frame = b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","inputSchema":%b}]}}\n' % deep
    assert ToClient(frame) in story.take(Arrival(Direction.TO_CLIENT, frame))
    assert to_client(story.die()) == []
