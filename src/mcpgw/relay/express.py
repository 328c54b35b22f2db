"""The quick way: while nothing comes but frames that the lane takes, one loop reads, records and forwards them.

It decides nothing: whatever else comes, or is due, goes back to the pump.
"""

from __future__ import annotations

import os
import select
import time

from mcpgw.protocol.methods import Direction
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw._native import Lane
    from mcpgw.protocol.framing import Framer
    from mcpgw.relay.keeper import Keeper
    from mcpgw.relay.outlet import Outlet
    from mcpgw.relay.recorder import Recorder

# Larger reads make glibc map and unmap memory at each of them: three times slower.
READ_BYTES = 65536
Events = list[tuple[int, int]]


class Way(NamedTuple):
    """Where the frames of one direction come from and go to."""

    direction: Direction
    source: int
    framer: Framer
    sink: Outlet


class Chunk(NamedTuple):
    """What was read and is not dealt with. at: where that begins."""

    way: Way
    content: bytes
    at: int
    now: float


def ride(
    poll: select.poll, to_server: Way, to_client: Way, lane: Lane, recorder: Recorder, keeper: Keeper
) -> Events | Chunk:
    """What the pump has to see to: events of its poll set, or what is left of a chunk that was read."""
    while True:
        ready = poll.poll()
        fd, events = ready[0]
        way = to_server if fd == to_server.source else to_client
        if len(ready) > 1 or fd != way.source or events != select.POLLIN or not way.framer.idle:
            return ready
        now = time.monotonic()
        if keeper.is_stale(now):
            return ready
        chunk = read(fd)
        end = forward(lane, way, recorder, chunk, 0, now)
        if end < len(chunk) or not chunk or way.sink.queued or way.sink.broken or recorder.sync_due is not None:
            return Chunk(way, chunk, end, now)


def forward(lane: Lane, way: Way, recorder: Recorder, chunk: bytes, at: int, now: float) -> int:
    """Records what the lane takes of `chunk[at:]`, and then forwards it; where that ends."""
    place = recorder.opening()
    if place is None:
        return at
    run = (lane.answers if way.direction else lane.requests)(chunk, at, now, *place)
    if run is None:
        return at
    try:
        recorder.append_run(run)
    except OSError:
        lane.undo()
        return at  # the session says what becomes of it
    way.sink.send(chunk[at : run[0]])
    recorder.count_run(way.direction, run)
    return run[0]


def read(fd: int) -> bytes:
    """What is there now; nothing at the source's end."""
    try:
        return os.read(fd, READ_BYTES)
    except OSError:  # the peer reset a socket: the same as its end
        return b""
