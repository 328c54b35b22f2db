"""A client at the end of a process's pipes; every wait has a bound."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

MOCK = str(Path(__file__).with_name("mock_server.py"))
SECONDS = 20.0


def gateway(*server: str, name: str = "mock") -> list[str]:
    """The command line of an ad hoc gateway before `server`."""
    return [sys.executable, "-m", "mcpgw", "run", "--name", name, "--", *server]


def mock(*options: str) -> list[str]:
    return [sys.executable, "-I", MOCK, *options]


class Peer:
    """Starts a command and talks to it. Use as a context manager: nothing of it is left behind."""

    def __init__(self, argv: list[str], state: Path, **environ: str) -> None:
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "MCPGW_HOME": str(state), **environ},
            bufsize=0,
        )
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.stdin, self.stdout, self.stderr = self.process.stdin, self.process.stdout, self.process.stderr
        self._buffer = b""
        self._next = 0

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.stdin, self.stdout, self.stderr):
            pipe.close()

    def send(self, message: dict[str, Any] | bytes) -> None:
        raw = message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
        view = memoryview(raw)
        while view:
            view = view[os.write(self.stdin.fileno(), view) :]

    def receive(self, seconds: float = SECONDS) -> dict[str, Any]:
        """The next message. AssertionError when the stream ends or nothing comes in time."""
        line = self.line(seconds)
        assert line.endswith(b"\n"), f"the stream ended after {line!r}"
        return json.loads(line)  # type: ignore[no-any-return]

    def line(self, seconds: float = SECONDS) -> bytes:
        until = time.monotonic() + seconds
        parts = [self._buffer]
        while b"\n" not in parts[-1]:
            ready, _, _ = select.select([self.stdout], [], [], max(0.0, until - time.monotonic()))
            assert ready, "no answer in time"
            chunk = os.read(self.stdout.fileno(), 1 << 20)
            if not chunk:
                break
            parts.append(chunk)
        line, found, self._buffer = b"".join(parts).partition(b"\n")
        return line + found

    def ask(self, method: str, params: dict[str, Any] | None = None, seconds: float = SECONDS) -> dict[str, Any]:
        self._next += 1
        self.send({"id": self._next, "method": method, "params": params or {}})
        return self.receive(seconds)

    def open(self) -> Peer:
        client = {"name": "test", "version": "1"}
        assert "result" in self.ask(
            "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}
        )
        self.send({"method": "notifications/initialized"})
        return self

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return self.ask("tools/call", {"name": tool, "arguments": arguments})

    def end(self) -> int:
        """Closes stdin; the exit code."""
        self.stdin.close()
        return self.wait()

    def wait(self, seconds: float = SECONDS) -> int:
        return self.process.wait(seconds)
