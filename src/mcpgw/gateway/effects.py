"""What the session wants done, in order. The relay performs it and decides nothing."""

from __future__ import annotations

from mcpgw.audit.record import Record
from mcpgw.protocol.methods import Direction
from mcpgw.values import NamedTuple


class ToServer(NamedTuple):
    """Bytes for the server's stdin."""

    frame: bytes


class ToClient(NamedTuple):
    """Bytes for the client's end: fd 1."""

    frame: bytes


class Start(NamedTuple):
    """The server is started again. The session hears `server_started`, or `server_ended` where that fails."""


class Stop(NamedTuple):
    """The server that runs is ended; the session hears `server_ended` when it is gone."""


class Standing(NamedTuple):
    """Where the server stands now, in the words of the status record. reason: holds no secret."""

    state: str
    reason: str


# A Record comes before the frame that it is about: what is not recorded is not sent.
Effect = Record | ToServer | ToClient | Start | Stop | Standing


def to(direction: Direction, frame: bytes) -> ToServer | ToClient:
    """The frame for the end to which `direction` leads."""
    return ToClient(frame) if direction is Direction.TO_CLIENT else ToServer(frame)
