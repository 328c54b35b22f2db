"""A session as a story: `play(session) >> client({...}) << [record(...), to_server()]`. One screen a story."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcpgw.audit.record import Record
from mcpgw.gateway.effects import Effect, ToClient, ToServer
from mcpgw.gateway.session import Session
from mcpgw.gateway.withheld import Withheld
from mcpgw.protocol.framing import Oversize
from mcpgw.protocol.methods import Direction

Frame = bytes | Oversize


@dataclass(frozen=True, slots=True)
class Arrival:
    direction: Direction
    frame: Frame


@dataclass(frozen=True, slots=True)
class Expected:
    """What one effect must look like."""

    words: str
    fits: Callable[[Effect, Arrival], bool]


def _frame(message: dict[str, Any] | bytes | Oversize) -> Frame:
    if isinstance(message, bytes | Oversize):
        return message
    return json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode() + b"\n"


def client(message: dict[str, Any] | bytes | Oversize) -> Arrival:
    """A frame from the client. A dict gets `jsonrpc`; bytes are sent as they are."""
    return Arrival(Direction.TO_SERVER, _frame(message))


def server(message: dict[str, Any] | bytes | Oversize) -> Arrival:
    """A frame from the server."""
    return Arrival(Direction.TO_CLIENT, _frame(message))


def call(identity: Any = 1, text: str = "hi", tool: str = "echo", **params: Any) -> Arrival:
    """A tools/call of the client's."""
    params = {"name": tool, "arguments": {"text": text}, **params}
    return client({"id": identity, "method": "tools/call", "params": params})


def record(**fields: Any) -> Expected:
    """A Record with these fields; the others are not looked at."""
    return Expected(
        f"record({fields})",
        lambda effect, _: isinstance(effect, Record) and all(getattr(effect, key) == fields[key] for key in fields),
    )


def to_server(**parts: Any) -> Expected:
    """The frame as it arrived; or, with parts, one that holds them (see `_holds`)."""
    return Expected(
        f"to_server({parts})", lambda effect, came: isinstance(effect, ToServer) and _holds(effect, came, parts)
    )


def to_client(**parts: Any) -> Expected:
    return Expected(
        f"to_client({parts})", lambda effect, came: isinstance(effect, ToClient) and _holds(effect, came, parts)
    )


def _holds(effect: ToServer | ToClient, came: Arrival, parts: dict[str, Any]) -> bool:
    """id, error (a code), blocked (words of an isError result), has and lacks (bytes), message (the whole value)."""
    if not parts:
        return effect.frame == came.frame
    message = json.loads(effect.frame)
    checks = {
        "id": lambda value: message["id"] == value,
        "error": lambda value: message.get("error", {}).get("code") == value,
        "blocked": lambda value: message["result"]["isError"] and value in message["result"]["content"][0]["text"],
        "has": lambda value: value in effect.frame,
        "lacks": lambda value: value not in effect.frame,
        "message": lambda value: message == value,
    }
    return effect.frame.endswith(b"\n") and all(checks[name](value) for name, value in parts.items())


class Play:
    """Feeds arrivals and checks what the session wants done about each."""

    def __init__(self, session: Session | Withheld) -> None:
        self._session = session
        self._now = 0.0
        self._came: Arrival | None = None
        self.effects: list[Effect] = []

    def __rshift__(self, arrival: Arrival) -> Play:
        self._now += 1.0
        self._came = arrival
        self.effects = self._session.receive(arrival.direction, arrival.frame, now=self._now)
        return self

    def __lshift__(self, expected: list[Expected]) -> Play:
        came = self._came
        assert came is not None
        story = "\n".join(f"  got      {effect}" for effect in self.effects)
        wanted = "\n".join(f"  expected {each.words}" for each in expected)
        assert len(self.effects) == len(expected), f"\n{story}\n{wanted}"
        for effect, each in zip(self.effects, expected, strict=True):
            assert each.fits(effect, came), f"\n{story}\n{wanted}\nnot as expected: {each.words}"
        return self


def play(session: Session | Withheld) -> Play:
    return Play(session)
