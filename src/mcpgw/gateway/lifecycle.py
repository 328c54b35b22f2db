"""When a server is started again, and when no more: states, deaths and a clock, without a process. Pure."""

from __future__ import annotations

from mcpgw.policy.rule import MIRROR, Upkeep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

STARTING, READY, DEGRADED, BACKOFF = "starting", "ready", "degraded", "backoff"
FAILED, STOPPING, STOPPED = "failed", "stopping", "stopped"

# Deaths are counted within so many seconds, and who lived that long starts over with the shortest delay.
WINDOW_SECONDS = 60.0
LONGEST_DELAY_SECONDS = 60.0
# For a server that answered nothing, whatever the policy says: else one that ends at once would be started all day.
IDLE_DELAY_SECONDS = 1
# So that servers which one event ended do not all come back in the same moment.
JITTER = 0.25


class Lifecycle:
    """Where one server stands. Clock readings are monotonic seconds.

    upkeep: what the policy says; may be replaced at any time.  jitter: draws from 0..1.
    """

    __slots__ = (
        "_deaths",
        "_delays",
        "_jitter",
        "_lived_since",
        "_retry_at",
        "_wanted",
        "established",
        "reason",
        "served",
        "state",
        "upkeep",
    )

    def __init__(self, upkeep: Upkeep, jitter: Callable[[], float]) -> None:
        self.upkeep = upkeep
        self.state = STARTING
        self.reason = ""
        # Whether the session's first handshake was answered: what ends before that ends the session, too.
        self.established = False
        # Whether the server that runs has answered a request of the client's.
        self.served = False
        self._jitter = jitter
        self._deaths: list[float] = []
        self._delays = 0
        self._lived_since = 0.0
        self._retry_at = 0.0
        self._wanted = False

    @property
    def lives(self) -> bool:
        """Whether a server is there, be it one that is still told what its client wants."""
        return self.state in (STARTING, READY, DEGRADED, STOPPING)

    def ready(self, now: float, reservation: str = "") -> None:
        """The server answers. reservation: why it is not to be trusted as before."""
        self.established = True
        self._lived_since = now
        if self.state != STOPPING:
            self._move(DEGRADED if reservation else READY, reservation)

    def silent(self) -> None:
        """It runs on and answers no more; its end follows."""
        self._move(STOPPING, "the server closed its output, so it is being ended")

    def died(self, how: str, now: float) -> None:
        """It has ended by itself, could not be started, or was told to: then backoff, failed or stopped follow."""
        wanted, self._wanted = self._wanted, False
        if wanted:
            self._retry_at = now
            self._move(BACKOFF, "it is restarted by request")
        elif not self.established or self.upkeep.on_crash == MIRROR:
            self._move(STOPPED, f"the server ended: {how}")
        elif self._too_many(now):
            self._move(FAILED, f"the server ended {len(self._deaths)} times within a minute, last by {how}")
        else:
            self._retry_at = now + self._delay(now)
            self._move(BACKOFF, f"the server ended: {how}")

    def due(self) -> float | None:
        """When to call `start` if nothing happens before."""
        return self._retry_at if self.state == BACKOFF else None

    def start(self, now: float) -> bool:
        """Whether the server is to be started now."""
        if self.state != BACKOFF or now < self._retry_at:
            return False
        self._lived_since = now
        self.served = False
        self._move(STARTING, self.reason)
        return True

    def restart(self, now: float) -> bool:
        """Someone asks for a new start. True: a server is there and has to be ended for it."""
        self._deaths.clear()
        self._delays = 0
        if self.state in (BACKOFF, FAILED):
            self._retry_at = now
            self._move(BACKOFF, "it is restarted by request")
            return False
        if not self.established or not self.lives:
            return False
        self._wanted = True
        self._move(STOPPING, "it is restarted by request")
        return True

    def _too_many(self, now: float) -> bool:
        self._deaths = [at for at in self._deaths if now - at < WINDOW_SECONDS]
        self._deaths.append(now)
        limit = self.upkeep.deaths_a_minute
        if limit:
            return len(self._deaths) >= limit
        del self._deaths[:-1]  # nobody counts them
        return False

    def _delay(self, now: float) -> float:
        if now - self._lived_since >= WINDOW_SECONDS:
            self._delays = 0
        first = max(self.upkeep.restart_delay_seconds, 0 if self.served else IDLE_DELAY_SECONDS)
        seconds = min(first * 2.0**self._delays, LONGEST_DELAY_SECONDS)
        if 0 < seconds < LONGEST_DELAY_SECONDS:
            self._delays += 1
        return seconds * (1 + JITTER * self._jitter())

    def _move(self, state: str, reason: str) -> None:
        self.state, self.reason = state, reason
