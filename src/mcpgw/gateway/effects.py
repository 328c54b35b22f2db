"""What the session wants done, in order. The relay performs it and decides nothing."""

from __future__ import annotations

from mcpgw.audit.record import Record
from mcpgw.values import NamedTuple


class ToServer(NamedTuple):
    """Bytes for the server's stdin."""

    frame: bytes


class ToClient(NamedTuple):
    """Bytes for the client's end: fd 1."""

    frame: bytes


# A Record comes before the frame that it is about: what is not recorded is not sent.
Effect = Record | ToServer | ToClient
