"""What a client sends while its server is away: kept in order, within bounds, and never for long."""

from __future__ import annotations

from collections import deque

from mcpgw.values import NamedTuple

# Clients give up after a minute or more: whoever waits here is told before that.
HOLD_SECONDS = 30
MAX_PARKED = 1_000
MAX_PARKED_BYTES = 4 * 1024 * 1024


class Parked(NamedTuple):
    """One frame for the server. ids: of the requests in it, as table keys.  until: monotonic seconds."""

    frame: bytes
    ids: tuple[str, ...]
    until: float


class Parking:
    """Frames for a server that is not there."""

    def __init__(self) -> None:
        self._frames: deque[Parked] = deque()
        self._bytes = 0

    @property
    def full(self) -> bool:
        return len(self._frames) >= MAX_PARKED or self._bytes >= MAX_PARKED_BYTES

    def add(self, frame: bytes, ids: tuple[str, ...], now: float) -> None:
        """Once it is full, notifications are dropped; requests are refused before they come here."""
        if ids or not self.full:
            self._frames.append(Parked(frame, ids, now + HOLD_SECONDS))
            self._bytes += len(frame)

    def ids(self) -> set[str]:
        """The requests that wait here."""
        return {identity for each in self._frames for identity in each.ids}

    def due(self) -> float | None:
        """When the first request has waited long enough."""
        return next((each.until for each in self._frames if each.ids), None)

    def expired(self, now: float) -> list[str]:
        """Takes out what has waited too long: the ids of its requests. Notifications wait on: nobody waits for them."""
        late = [each for each in self._frames if each.ids and each.until <= now]
        if late:
            self._keep([each for each in self._frames if not each.ids or each.until > now])
        return [identity for each in late for identity in each.ids]

    def frames(self) -> tuple[Parked, ...]:
        return tuple(self._frames)

    def take(self) -> list[Parked]:
        """Everything, in the order in which it came."""
        frames = list(self._frames)
        self._keep([])
        return frames

    def _keep(self, frames: list[Parked]) -> None:
        self._frames = deque(frames)
        self._bytes = sum(len(each.frame) for each in frames)
