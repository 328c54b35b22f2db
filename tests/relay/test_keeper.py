"""What an instance shows of itself while its session goes on, and what it keeps when a server has ended."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcpgw.audit.diagnostics import Diagnostics
from mcpgw.audit.journal import Journal
from mcpgw.config.compile import compile_policy
from mcpgw.gateway.effects import Standing, Stop
from mcpgw.gateway.lasting import Lasting
from mcpgw.gateway.lifecycle import Lifecycle
from mcpgw.paths import StateLayout
from mcpgw.policy.rule import Upkeep
from mcpgw.relay.child import Child, StartFailed, confirm_start, release, spawn
from mcpgw.relay.freshness import PolicyWatch
from mcpgw.relay.judging import Judging
from mcpgw.relay.keeper import Keeper, Surroundings
from mcpgw.relay.recorder import Recorder
from mcpgw.state.control import ask_restart
from mcpgw.state.instance import Identity, Instance, open_instance, read_instance
from support.playbook import client, server

SECRET = b"AKIAQ3EGRT5LZW7YKX2M"
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "me", "version": "3"}}


class House:
    """A keeper and all that it keeps, in a state directory of its own."""

    def __init__(self, root: Path, *, policy: bool = True) -> None:
        self.layout = StateLayout(str(root))
        if policy:
            compile_policy(self.layout)
        self.instance: Instance = open_instance(self.layout, Identity("s", "e"), now=time.time())
        diagnostics = Diagnostics(self.layout, "s", stderr_level="off")
        self.recorder = Recorder(
            lambda: Journal.open(self.layout, self.instance.id, now=time.time()),
            self.instance,
            diagnostics,
            server="s",
            entry="e",
        )
        watch = PolicyWatch(self.layout, None, "s", diagnostics)
        watch.check(0.0)
        judging = Judging(self.layout, ["server"])
        judge = judging.by(watch.snapshot)
        self.session = Lasting(judge, self.instance.id, Lifecycle(Upkeep(), lambda: 0.0), "ab")
        around = Surroundings(watch, judging, self.instance, self.recorder, diagnostics)
        self.keeper = Keeper(around, self.session, self._spawn)
        self.command = [sys.executable, "-I", "-S", "-c", "pass"]

    def _spawn(self) -> Child:
        child = spawn(self.command)
        try:
            confirm_start(child, self.command[0])
        except StartFailed:
            _close(child)
            raise
        return child

    def open(self) -> None:
        """The client and its server agree."""
        for came in (
            client({"id": 0, "method": "initialize", "params": HELLO}),
            server({"id": 0, "result": {"protocolVersion": "2025-11-25", "capabilities": {}}}),
        ):
            self.session.receive(came.direction, came.frame, now=0.0)

    def status(self) -> Any:
        record = read_instance(self.layout, self.instance.id).record
        assert record is not None
        return record

    def stderr(self) -> Path:
        return Path(self.layout.stderr_file(self.instance.id))

    def logged(self) -> str:
        return "".join(path.read_text() for path in Path(self.layout.log_dir).glob("*"))


def _close(child: Child) -> None:
    for descriptor in (child.stdin, child.stdout, child.stderr):
        os.close(descriptor)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "state")
    yield made
    made.recorder.close()
    made.instance.close()


def test_the_client_is_named_once_it_has_named_itself(house: House) -> None:
    house.keeper.before_frames(1.0)
    assert house.status().identity["client"] == ""
    house.open()
    house.keeper.before_frames(2.0)
    assert (house.status().identity["client"], house.status().identity["client_version"]) == ("me", "3")


def test_a_new_policy_is_in_force_and_shown_from_the_next_frames_on(house: House) -> None:
    assert house.status().identity["profile"] == "balanced"
    Path(house.layout.config_file).write_text('profile = "strict"\n')
    compile_policy(house.layout)
    house.keeper.before_frames(1.0)
    assert house.status().identity["profile"] == "strict"


def test_only_a_byte_with_a_request_behind_it_restarts(house: House) -> None:
    house.open()
    assert house.keeper.woken(1.0) == []
    ask_restart(house.layout, house.instance.id)
    assert house.keeper.woken(2.0) == [Standing("stopping", "it is restarted by request"), Stop()]
    assert house.keeper.woken(3.0) == []


def test_a_state_is_shown_at_once_and_told_once(house: House) -> None:
    for _ in range(2):
        house.keeper.stands(Standing("failed", "the server ended 5 times"))
    assert (house.status().state, house.status().reason) == ("failed", "the server ended 5 times")
    assert house.logged().count("server-failed") == 1
    house.keeper.stands(Standing("ready", ""))
    assert "server-ready" not in house.logged()


def test_a_new_start_is_counted_and_one_that_failed_is_not(house: House) -> None:
    child = house.keeper.start_again()
    assert (house.status().counters["restarts"], house.status().identity["server_pid"]) == (1, child.pid)
    release(child)
    _close(child)
    house.command = ["/no/such/program"]
    with pytest.raises(StartFailed):
        house.keeper.start_again()
    assert house.status().counters["restarts"] == 1


@pytest.mark.requirement("cli.why")
def test_last_words_are_kept_private_and_masked(house: House) -> None:
    house.keeper.ended(b"token " + SECRET + b"\nno such table\n")
    kept = house.stderr()
    assert kept.read_bytes() == b"token AKIA***\nno such table\n"
    assert kept.stat().st_mode & 0o777 == 0o600
    house.keeper.ended(b"shorter\n")
    assert kept.read_bytes() == b"shorter\n"


def test_what_cannot_be_looked_at_or_written_is_not_kept(tmp_path: Path, house: House) -> None:
    blind = House(tmp_path / "blind", policy=False)
    blind.keeper.ended(b"token " + SECRET)
    assert not blind.stderr().exists()
    blind.recorder.close()
    blind.instance.close()
    house.stderr().mkdir()
    house.keeper.ended(b"words")
    assert "stderr-not-kept" in house.logged()
