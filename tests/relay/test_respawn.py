"""A server that ends and is started again, between a real gateway and a client that never notices more than it must."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import Any

import pytest

from mcpgw.paths import StateLayout
from mcpgw.relay.shutdown import EOF_GRACE_SECONDS
from mcpgw.state.control import ask_restart
from mcpgw.state.instance import read_instances
from support.mortal import Mortal, mortal_server, text
from support.peer import Peer, gateway
from support.processes import started_by


@pytest.fixture
def mortal(tmp_path: Path) -> Mortal:
    return Mortal(tmp_path)


@pytest.mark.requirement("respawn.pending-call")
def test_the_call_that_dies_is_answered_and_never_sent_again(mortal: Mortal) -> None:
    with mortal.start() as peer:
        peer.open()
        answer = peer.call("die")
        assert answer["result"]["isError"]
        assert "exit code 7" in text(answer) and "restarted" in text(answer) and "state is lost" in text(answer)
        assert text(peer.call("echo")) == "life 2"
        assert mortal.methods(2) == ["initialize", "notifications/initialized", "tools/call"]
        assert mortal.status().counters["restarts"] == 1
        assert peer.end() == 0
    assert mortal.deeds() == [("server/ended", "alert"), ("server/restarted", "log")]


@pytest.mark.requirement("respawn.replay")
def test_the_new_life_hears_the_clients_own_handshake_level_and_subscriptions(mortal: Mortal) -> None:
    with mortal.start("declare=tools,resources") as peer:
        peer.open()
        peer.ask("logging/setLevel", {"level": "warning"})
        for uri in ("file:///a", "file:///b"):
            peer.ask("resources/subscribe", {"uri": uri})
        peer.ask("resources/unsubscribe", {"uri": "file:///a"})
        assert peer.call("die")["result"]["isError"]
        news = [peer.receive() for _ in range(3)]
        assert [one["method"] for one in news] == [
            "notifications/tools/list_changed",
            "notifications/resources/list_changed",
            "notifications/resources/updated",
        ]
        assert text(peer.call("echo")) == "life 2"
    first, second = mortal.seen(1), mortal.seen(2)
    assert [(one["method"], one.get("params")) for one in second[:-1]] == [
        ("initialize", first[0]["params"]),
        ("notifications/initialized", None),
        ("logging/setLevel", {"level": "warning"}),
        ("resources/subscribe", {"uri": "file:///b"}),
    ]
    assert all(one["id"].startswith("mcpgw-") for one in second[:-1] if "id" in one)


@pytest.mark.requirement("respawn.told-once")
@pytest.mark.parametrize(("settings", "refused"), [("", True), ("stateless = true", False)])
def test_the_next_call_hears_of_a_death_that_nobody_saw(mortal: Mortal, settings: str, refused: bool) -> None:
    with mortal.start(settings=settings) as peer:
        peer.open()
        assert "result" in peer.call("echo")
        (server,) = started_by(peer.process.pid)
        os.kill(server, 9)
        assert "result" in peer.ask("ping")
        answer = peer.call("echo")
        assert bool(answer["result"].get("isError")) is refused
        if refused:
            assert "state is lost" in text(answer)
            answer = peer.call("echo")
        assert text(answer) == "life 2"


@pytest.mark.requirement("respawn.repeat")
def test_what_changes_nothing_is_asked_again_once(mortal: Mortal) -> None:
    with mortal.start() as peer:
        peer.open()
        assert peer.ask("resources/read", {"uri": "die:1"})["result"] == {}
        assert [one["params"] for one in mortal.seen(2) if one["method"] == "resources/read"] == [{"uri": "die:1"}]


@pytest.mark.requirement("respawn.swapped-tools")
@pytest.mark.parametrize(("profile", "held"), [("observe", False), ("balanced", False), ("strict", True)])
def test_a_crash_does_not_swap_tools_unseen(mortal: Mortal, profile: str, held: bool) -> None:
    with mortal.start("tools=a,b", "page=c", "2:page=d", "2:version=2", profile=profile) as peer:
        peer.open()
        peer.ask("tools/list")
        assert peer.ask("tools/list", {"cursor": "2"})["result"]["tools"][0]["name"] == "c"
        assert peer.call("die")["result"]["isError"]
        answer = peer.call("echo")
        assert bool(answer["result"].get("isError")) is held
        reason = mortal.status().reason
        assert mortal.status().state == "degraded"
        assert "serverInfo, tool c, tool d" in reason
        assert not held or "serverInfo, tool c, tool d" in text(answer)
        assert "result" in peer.ask("tools/list")
    assert ("server/changed", "block" if held else "alert") in mortal.deeds()


@pytest.mark.requirement("respawn.server-requests")
def test_an_answer_to_the_dead_never_reaches_the_living(mortal: Mortal) -> None:
    with mortal.start("asks=elicitation/create") as peer:
        peer.open()
        asked = peer.receive()
        assert asked["params"] == {"message": "life 1"}
        peer.send({"id": 50, "method": "tools/call", "params": {"name": "die"}})
        told, cancelled, again = _sorted([peer.receive() for _ in range(3)])
        assert told["result"]["isError"]
        assert cancelled["params"]["requestId"] == asked["id"]
        assert again["params"] == {"message": "life 2"}
        assert again["id"] != asked["id"]
        peer.send({"id": asked["id"], "result": {"action": "accept", "content": {"for": "life 1"}}})
        peer.send({"id": again["id"], "result": {"action": "accept", "content": {"for": "life 2"}}})
        assert text(peer.call("echo")) == "life 2"
    answers = [one for one in mortal.seen(2) if "method" not in one]
    assert [(one["id"], one["result"]["content"]) for one in answers] == [(0, {"for": "life 2"})]


def _sorted(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An answer, a notification, a request."""
    return sorted(messages, key=lambda one: ("method" in one, "id" in one))


def test_half_a_line_is_thrown_away_and_put_on_record(mortal: Mortal) -> None:
    with mortal.start('1:half={"jsonrpc":"2.0","id":2,"res') as peer:
        peer.open()
        assert "exit code 7" in text(peer.call("die"))
        assert text(peer.call("echo")) == "life 2"
        peer.end()
    journal = "".join(file.read_text() for file in mortal.state.glob("audit/2*/*.jsonl"))
    assert journal.count("half a line when the server ended") == 1


def test_calls_that_come_while_it_is_away_wait_in_order(mortal: Mortal) -> None:
    with mortal.start() as peer:
        peer.open()
        peer.send({"id": 50, "method": "tools/call", "params": {"name": "die"}})
        for number in range(60, 80):
            peer.send({"id": number, "method": "tools/call", "params": {"name": "echo"}})
        answers = [peer.receive() for _ in range(21)]
        ids = [one["id"] for one in answers]
        assert ids == [50, *range(60, 80)]


@pytest.mark.requirement("respawn.silent")
def test_who_waits_for_a_server_that_closed_its_output_is_answered_at_once(mortal: Mortal) -> None:
    with mortal.start() as peer:
        peer.open()
        asked_at = time.monotonic()
        answer = peer.call("hush")
        assert time.monotonic() - asked_at < EOF_GRACE_SECONDS  # before anything ends the server
        assert answer["result"]["isError"] and "closed its output" in text(answer)
        assert mortal.status().state == "stopping"
        assert text(peer.call("echo")) == "life 2"
    assert mortal.deeds() == [("server/silent", "alert"), ("server/ended", "alert"), ("server/restarted", "log")]


def test_a_server_that_closed_its_input_is_replaced_too(mortal: Mortal) -> None:
    with mortal.start() as peer:
        peer.open()
        peer.send({"id": 50, "method": "tools/call", "params": {"name": "deafen"}})
        assert os.read(peer.stderr.fileno(), 100) == b"done\n"
        peer.send({"id": 51, "method": "tools/call", "params": {"name": "echo"}})
        answers = [peer.receive() for _ in range(2)]
        assert [one["id"] for one in answers] == [50, 51]
        assert all("signal 15" in text(one) for one in answers)
        assert text(peer.call("echo")) == "life 2"


@pytest.mark.requirement("respawn.failed")
def test_too_many_deaths_in_a_minute_fail_until_a_person_restarts(mortal: Mortal) -> None:
    with mortal.start("1:die=1", "2:start=exit:3", "3:init=exit:4", settings="deaths_a_minute = 3") as peer:
        peer.open()
        assert peer.call("echo")["result"]["isError"]
        refused = peer.call("echo")
        assert "3 times within a minute" in text(refused)
        assert peer.ask("ping")["error"]["code"] == -31004
        assert (mortal.status().state, mortal.lives) == ("failed", 3)
        layout = StateLayout(str(mortal.state))
        ask_restart(layout, read_instances(layout)[0].id)
        assert text(_until_up(peer)) == "life 4"


@pytest.mark.requirement("respawn.failed")
def test_a_program_that_is_gone_is_said_to_be_and_leaves_nothing_open(mortal: Mortal) -> None:
    program = mortal.root / "server.sh"
    script = "#!/bin/sh\nexec " + " ".join(map(shlex.quote, mortal_server(mortal.notes))) + "\n"
    program.write_text(script)
    program.chmod(0o755)
    settings = "[server]\nrestart_delay_seconds = 0\ndeaths_a_minute = 3\n"
    mortal.state.mkdir()
    (mortal.state / "config.toml").write_text(settings)
    with Peer(gateway(str(program)), mortal.state) as peer:
        assert peer.open().call("die")["result"]["isError"]
        assert text(peer.call("echo")) == "life 2"
        descriptors = len(os.listdir(f"/proc/{peer.process.pid}/fd"))
        program.unlink()
        assert peer.call("die")["result"]["isError"]
        assert "No such file" in text(peer.call("echo"))
        assert mortal.status().state == "failed"
        program.write_text(script)
        program.chmod(0o755)
        layout = StateLayout(str(mortal.state))
        ask_restart(layout, read_instances(layout)[0].id)
        assert text(_until_up(peer)) == "life 3"
        assert len(os.listdir(f"/proc/{peer.process.pid}/fd")) == descriptors


def _until_up(peer: Peer) -> dict[str, Any]:
    """The first call that reaches a server: the FIFO and stdin are two ways in."""
    for _ in range(200):
        answer = peer.call("echo")
        if not answer["result"].get("isError"):
            return answer
    raise AssertionError("the server did not come back")


@pytest.mark.requirement("respawn.mirror")
def test_mirror_ends_as_the_server_ends(mortal: Mortal) -> None:
    with mortal.start(settings='on_crash = "mirror"') as peer:
        assert peer.open().call("die")["error"]["code"] == -31004
        assert peer.line() == b""
        assert peer.wait() == 7


@pytest.mark.requirement("respawn.many")
def test_the_clients_pipe_outlives_two_hundred_crashes(mortal: Mortal) -> None:
    with mortal.start(settings="deaths_a_minute = 0") as peer:
        assert peer.open().call("die")["result"]["isError"]
        assert text(peer.call("echo")) == "life 2"
        descriptors = len(os.listdir(f"/proc/{peer.process.pid}/fd"))
        for crash in range(2, int(os.environ.get("MCPGW_CRASHES", "200")) + 1):
            assert peer.call("die")["result"]["isError"]
            assert text(peer.call("echo")) == f"life {crash + 1}"
        assert len(os.listdir(f"/proc/{peer.process.pid}/fd")) == descriptors
        assert peer.end() == 0
