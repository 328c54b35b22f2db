"""How a session ends: who is told to stop, in which order, how long each may take. Pure: it takes clock readings."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]

# Claude Code sends SIGINT, SIGTERM after 100 ms and SIGKILL after 500 ms: be gone before that, the server too.
SIGNAL_GRACE_SECONDS = 0.45
# SDK clients close stdin, wait 2 s, then signal: the server gets a SIGTERM of ours just before.
EOF_GRACE_SECONDS = 1.5
TERM_GRACE_SECONDS = 4.5
# With the client gone altogether nobody waits for anything: half of it to end by itself, half after a SIGTERM.
ABANDONED_SECONDS = 0.8
# A server that has ended may have left a child that holds its stdout: what is in the pipe still counts.
DRAIN_SECONDS = 0.25
# A server that ends is known to have within milliseconds of its last byte; one that has not by then lives on.
SILENCE_SECONDS = 0.5
# How long the client may take for the last bytes of a server that has ended.
FLUSH_SECONDS = 2.0


class Shutdown:
    """Deadlines in monotonic seconds; each method answers what is due."""

    __slots__ = (
        "ended_at",
        "first_signal",
        "kill_at",
        "signalled_at",
        "silenced",
        "silent_at",
        "terminate_at",
        "terminated",
    )

    def __init__(self) -> None:
        self.signalled_at: float | None = None
        self.first_signal = 0
        self.terminate_at: float | None = None
        self.kill_at = 0.0  # counts from the SIGTERM on
        self.silent_at: float | None = None
        self.silenced = False
        self.terminated = False
        self.ended_at: float | None = None

    def signalled(self, number: int, now: float) -> None:
        """A signal to stop came for the gateway; it has been passed on."""
        if self.signalled_at is None:
            self.signalled_at, self.first_signal = now, number

    def input_closed(self, now: float) -> None:
        """The server's stdin was closed."""
        if self.terminate_at is None:
            self.terminate_at = now + EOF_GRACE_SECONDS
            self.kill_at = self.terminate_at + TERM_GRACE_SECONDS

    def abandoned(self, now: float) -> None:
        """The client is gone: nobody writes, and nobody reads any more."""
        self.input_closed(now)
        if self.terminate_at is not None:
            self.terminate_at = min(self.terminate_at, now + ABANDONED_SECONDS / 2)
            self.kill_at = min(self.kill_at, now + ABANDONED_SECONDS)

    def output_closed(self, now: float) -> None:
        """The server's stdout came to its end."""
        if self.silent_at is None:
            self.silent_at = now + SILENCE_SECONDS

    def due_silence(self, now: float) -> bool:
        """Whether the server lives on with its stdout closed; said once."""
        if self.ended_at is not None or self.silenced or self.silent_at is None or now < self.silent_at:
            return False
        self.silenced = True
        return True

    def server_ended(self, now: float) -> None:
        if self.ended_at is None:
            self.ended_at = now

    @property
    def under_way(self) -> bool:
        return self.terminate_at is not None or self.signalled_at is not None or self.ended_at is not None

    def deadline(self) -> float | None:
        """When something is due next, if nothing happens before."""
        if self.ended_at is not None:
            return self._drain_until(self.ended_at)
        due = []
        if self.signalled_at is not None:
            due.append(self.signalled_at + SIGNAL_GRACE_SECONDS)
        if self.terminate_at is not None:
            due.append(self.kill_at if self.terminated else self.terminate_at)
        if self.silent_at is not None and not self.silenced:
            due.append(self.silent_at)
        return min(due, default=None)

    def due_signal(self, now: float) -> int | None:
        """SIGTERM or SIGKILL for the server's group, once each."""
        if self.ended_at is not None:
            return None
        if self.signalled_at is not None and now >= self.signalled_at + SIGNAL_GRACE_SECONDS:
            return int(_signal.SIGKILL)
        if self.terminate_at is None:
            return None
        if self.terminated:
            return int(_signal.SIGKILL) if now >= self.kill_at else None
        self.terminated = now >= self.terminate_at
        return int(_signal.SIGTERM) if self.terminated else None

    def drained(self, now: float) -> bool:
        """Whether the time to read what an ended server left is over."""
        return self.ended_at is not None and now >= self._drain_until(self.ended_at)

    def _drain_until(self, ended_at: float) -> float:
        """A client that sent a signal kills soon: it gets no more than the time that it gives."""
        until = ended_at + DRAIN_SECONDS
        return until if self.signalled_at is None else min(until, self.signalled_at + SIGNAL_GRACE_SECONDS)

    def flush_until(self, now: float) -> float:
        """How long to wait for a client that is slow to read; one that sent a signal will kill soon."""
        if self.signalled_at is not None:
            return self.signalled_at + SIGNAL_GRACE_SECONDS
        return now + FLUSH_SECONDS
