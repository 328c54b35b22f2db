"""Install and uninstall while the real client rewrites its file all the time: neither loses what the other wrote."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mcpgw.errors import ExitCode
from mcpgw.installers.swap import LOCK_WAIT_SECONDS
from mcpgw.registry.entry import unwrap
from support import parts
from support.claude_home import ClaudeHome
from support.claude_terminal import ClaudeTerminal, past_the_first_start, terminal

ROUNDS = 2
LOOPS = 2
OURS: dict[str, Any] = {
    "numStartups": 41,
    "x-note": "keep me",
    "mcpServers": {
        "fs": {"command": "false", "args": ["-y", "fs"], "env": {"TOKEN": "t"}},
        "docs": {"type": "http", "url": "http://127.0.0.1:9/mcp"},
    },
    "projects": {"/home/ada/app": {"mcpServers": {"db": {"command": "uvx"}}}},
}
# A client that is as busy as these may win; then the command says so and the file stays good.
HONEST = {ExitCode.DONE, ExitCode.REFUSED, ExitCode.ENVIRONMENT, ExitCode.PARTIAL}


@pytest.fixture
def home(tmp_path: Path) -> ClaudeHome:
    root = tmp_path / "home"
    (root / "project").mkdir(parents=True)
    begun = past_the_first_start(root / "project")
    content = {**begun, **OURS, "projects": {**begun["projects"], **OURS["projects"]}}
    (root / ".claude.json").write_text(json.dumps(content, indent=2), encoding="utf-8")
    return ClaudeHome(root, parts.claude_code())


class Traffic:
    """A session in a terminal, loops of `mcp add` and `mcp remove`, and a reader that sees every state of the file."""

    def __init__(self, home: ClaudeHome) -> None:
        self.home = home
        self.over = threading.Event()
        self.added: set[str] = set()
        self.writes = 0
        self.switches = 0
        self.broken: list[str] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        with terminal(self.home) as session:
            loops = [threading.Thread(target=self._write, args=(number,)) for number in range(LOOPS)]
            reader = threading.Thread(target=self._read)
            person = threading.Thread(target=self._switch, args=(session,))
            threads = [*loops, reader, person]
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self.over.set()
                for thread in threads:
                    thread.join()
            session.ask("Are you still there?")
            assert session.leave() == 0

    def _write(self, number: int) -> None:
        count = 0
        while not self.over.is_set():
            count += 1
            name = f"loop-{number}-{count}"
            if self._claude("add", "-s", "user", name, "--", "echo", name):
                self.added.add(name)
            if count % 2 and self._claude("remove", "-s", "user", name):
                self.added.discard(name)

    def _switch(self, session: ClaudeTerminal) -> None:
        """What the session writes gets into the file, if late for the loops' locks, and stays."""
        while not self.over.is_set():
            for switch, written in (("off", ["fs"]), ("on", [])):
                session.turn(switch, "fs")
                self._await_switched(written)
                session.ask("What now?")
                if self.switched_off() != written:
                    self.broken.append(f"lost: {switch}")
                self.switches += 1

    def _await_switched(self, written: list[str]) -> None:
        until = time.monotonic() + LOCK_WAIT_SECONDS
        while self.switched_off() != written:
            if time.monotonic() > until:
                raise AssertionError(f"the session did not write {written}")
            time.sleep(0.01)

    def switched_off(self) -> list[str]:
        tree = json.loads(self.home.config.read_bytes())
        # Not there before the session has switched for the first time.
        project = tree["projects"].get(str(self.home.root / "project"), {})
        servers: list[str] = project.get("disabledMcpServers", [])
        return servers

    def _claude(self, *arguments: str) -> bool:
        self.writes += 1
        return self.home.claude("mcp", *arguments).returncode == 0

    def _read(self) -> None:
        while not self.over.wait(0.002):
            try:
                tree = json.loads(self.home.config.read_bytes())
            except ValueError as error:
                self.broken.append(str(error))
                continue
            lost = {"fs", "docs"} - set(tree["mcpServers"])
            if lost or tree["x-note"] != "keep me" or "db" not in tree["projects"]["/home/ada/app"]["mcpServers"]:
                self.broken.append(f"lost: {lost or 'a key'}")


@pytest.mark.timeout(900)
@pytest.mark.requirement("install.beside-client")
def test_nothing_is_lost_while_the_client_writes(home: ClaudeHome) -> None:
    traffic, codes = Traffic(home), Counter[str]()
    with traffic.running():
        for _ in range(ROUNDS):
            for verb in ("install", "uninstall"):
                done = home.mcpgw(verb, "--yes")
                codes[f"{verb} {done.returncode}"] += 1
                assert done.returncode in HONEST, done.stderr
    assert home.mcpgw("uninstall", "--yes").returncode == ExitCode.DONE
    tree = json.loads(home.config.read_bytes())
    assert traffic.broken == []
    assert set(tree["mcpServers"]) == {"fs", "docs"} | traffic.added, (codes, traffic.writes)
    assert {name: tree["mcpServers"][name] for name in ("fs", "docs")} == OURS["mcpServers"]
    assert tree["projects"]["/home/ada/app"]["mcpServers"] == {"db": {"command": "uvx"}}
    assert (tree["numStartups"], traffic.switched_off()) == (42, [])
    assert traffic.switches
    assert not [each for each in tree["mcpServers"].values() if unwrap(each.get("args"))]
    assert codes["install 0"] and codes["uninstall 0"], codes
    assert not list(home.root.glob(".claude/backups/*.corrupted.*"))
    assert {path.name for path in home.root.glob(".claude.json*")} == {".claude.json"}


@pytest.mark.requirement("install.client-lock")
def test_a_lock_that_is_kept_alive_ends_it_and_one_that_is_not_is_taken_over(home: ClaudeHome) -> None:
    before = home.config.read_bytes()
    lock = Path(f"{home.config}.lock")
    lock.mkdir()
    with _kept_alive(lock):
        started = time.monotonic()
        done = home.mcpgw("install", "--yes")
        assert time.monotonic() - started >= LOCK_WAIT_SECONDS
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "is locked by its client" in done.stderr
    assert home.config.read_bytes() == before
    os.utime(lock, (1, 1))
    assert home.mcpgw("install", "--yes").returncode == ExitCode.DONE
    assert not lock.exists()


@contextmanager
def _kept_alive(lock: Path) -> Iterator[None]:
    over = threading.Event()

    def touch() -> None:
        while not over.wait(0.5):
            os.utime(lock)

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
