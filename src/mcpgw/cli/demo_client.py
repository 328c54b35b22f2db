"""The demo's client: starts a server the way a client's config says, and waits no longer than it must."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from mcpgw.errors import EnvironmentFault

ANSWER_SECONDS = 15.0  # a cold start of the server on a busy machine
END_SECONDS = 5.0


class DemoClient:
    """A client session over one entry of a config file. Use as a context manager."""

    def __init__(self, entry: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [entry["command"], *entry["args"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**environ, **entry.get("env", {})},
        )
        self._buffer = b""
        self._next_id = 0

    def __enter__(self) -> DemoClient:
        client = {"name": "mcpgw-demo", "version": "1"}
        self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client})
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The result of a tool call, `isError` and all."""
        result: dict[str, Any] = self.ask("tools/call", {"name": tool, "arguments": arguments})["result"]
        return result

    def ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request. Raises EnvironmentFault when there is none in time."""
        self._next_id += 1
        self._send({"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params})
        return self.receive()

    def send_raw(self, frame: bytes) -> None:
        """Bytes as they are, for a frame that no honest client would send."""
        assert self._process.stdin is not None
        self._process.stdin.write(frame)
        self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next message from the server's side."""
        assert self._process.stdout is not None
        until = time.monotonic() + ANSWER_SECONDS
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, until - time.monotonic()))
            chunk = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                raise EnvironmentFault(
                    "the demo's server gave no answer", "Look at `mcpgw logs`, or run it with --keep."
                )
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _send(self, message: Mapping[str, Any]) -> None:
        self.send_raw(json.dumps(message).encode() + b"\n")
