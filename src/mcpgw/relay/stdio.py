"""The pump: one thread, one poll set, two bounded queues. It performs the session's effects and decides nothing."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import time

from mcpgw.audit.record import Record
from mcpgw.gateway.effects import ToServer
from mcpgw.protocol.framing import Framer
from mcpgw.protocol.methods import Direction
from mcpgw.relay import child as child_process
from mcpgw.relay.outlet import Outlet, inherited, own_pipe
from mcpgw.relay.shutdown import Shutdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.gateway.effects import Effect
    from mcpgw.gateway.session import Session
    from mcpgw.gateway.withheld import Withheld
    from mcpgw.relay.child import Child
    from mcpgw.relay.recorder import Recorder

# Larger reads make glibc map and unmap memory at each of them: three times slower.
READ_BYTES = 65536
STDERR_RING_BYTES = 8192
# Rare enough not to show in a latency, often enough to find a cycle that a library leaves.
COLLECT_EVERY_OBJECTS = 50_000
STDIN, STDOUT, STDERR = 0, 1, 2
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


class Pump:
    """Moves one session's bytes until the server has ended. before_frame is called ahead of each frame."""

    def __init__(
        self,
        session: Session | Withheld,
        recorder: Recorder,
        child: Child,
        *,
        max_frame_bytes: int,
        wake_fd: int | None,
        before_frame: Callable[[float], None],
    ) -> None:
        self._session = session
        self._recorder = recorder
        self._child = child
        self._before_frame = before_frame
        self._framers = {Direction.TO_SERVER: Framer(max_frame_bytes), Direction.TO_CLIENT: Framer(max_frame_bytes)}
        self._to_server: Outlet = own_pipe(child.stdin)
        self._to_client: Outlet = inherited(STDOUT)
        self._stderr: Outlet = inherited(STDERR)
        self._shutdown = Shutdown()
        self._poll = select.poll()
        self._watched: dict[int, int] = {}
        self._open = {STDIN, child.stdout, child.stderr}
        self._wake_fd = wake_fd
        self._signals = _signal_pipe()
        self._server_input_open = True
        self._status: int | None = None
        self._changed = True  # something ended or a signal came: see what is due
        self._pressure: tuple[int, ...] = ()
        self.stderr_ring = b""

    def run(self) -> int:
        """Until the session is over; the server's wait status, or minus the signal that ended the gateway first."""
        _quieten_collector()
        while not self._over():
            self._watch()
            for fd, events in self._poll.poll(self._timeout_ms()):
                self._handle(fd, events)
            if self._changed or self._shutdown.under_way or self._to_client.broken or self._to_server.broken:
                self._changed = False
                self._advance(time.monotonic())
        self._finish()
        if self._status is None:
            return -self._shutdown.first_signal
        return self._status

    def say(self, line: bytes) -> None:
        """A line of the gateway's own on stderr, dropped while the client does not read there."""
        if not self._stderr.crowded:
            self._stderr.send(line)

    # -- what to wait for -------------------------------------------------------------------------------------------

    def _over(self) -> bool:
        if self._status is None:
            return False
        if self._child.stdout not in self._open:
            return True
        if not self._shutdown.drained(time.monotonic()):
            return False
        return not self._to_client.crowded or self._shutdown.signalled_at is not None

    def _watch(self) -> None:
        """Brings the poll set up to date: a source is read only while its sink is not crowded."""
        sinks = (self._to_server, self._to_client, self._stderr)
        pressure: tuple[int, ...] = (len(self._open), self._server_input_open)
        if self._to_server.queued or self._to_client.queued or self._stderr.queued:
            pressure += tuple((one.queued > 0) + one.crowded for one in sinks)
        if pressure == self._pressure:
            return
        self._pressure = pressure
        wanted = {self._signals: select.POLLIN}
        if self._wake_fd is not None:
            wanted[self._wake_fd] = select.POLLIN
        for source, sink in ((STDIN, self._to_server), (self._child.stdout, self._to_client)):
            if source in self._open and not sink.crowded:
                wanted[source] = select.POLLIN
        if self._child.stderr in self._open and not self._stderr.crowded:
            wanted[self._child.stderr] = select.POLLIN
        for sink in sinks:
            if sink.queued:
                wanted[sink.fd] = wanted.get(sink.fd, 0) | select.POLLOUT
        if wanted == self._watched:
            return
        for fd in self._watched.keys() - wanted.keys():
            self._poll.unregister(fd)
        for fd, events in wanted.items():
            if self._watched.get(fd) != events:
                self._poll.register(fd, events)
        self._watched = wanted

    def _timeout_ms(self) -> float | None:
        deadline = self._shutdown.deadline() if self._shutdown.under_way else None
        now = time.monotonic()
        if deadline is None or self._shutdown.drained(now):  # drained: only the client's reading is waited for
            return None
        return max(0.0, (deadline - now) * 1000)

    # -- what has happened ------------------------------------------------------------------------------------------

    def _handle(self, fd: int, events: int) -> None:
        if fd == STDIN and events & _READABLE:
            self._read(STDIN, Direction.TO_SERVER)
        elif fd == self._child.stdout and events & _READABLE:
            self._read(fd, Direction.TO_CLIENT)
        elif fd == self._child.stderr and events & _READABLE:
            self._read_stderr()
        elif fd == self._signals:
            self._pass_signals(os.read(fd, READ_BYTES))
        elif fd == self._wake_fd:
            os.read(fd, READ_BYTES)
            self._before_frame(time.monotonic())
        else:
            for sink in (self._to_server, self._to_client, self._stderr):
                if sink.fd == fd:
                    sink.flush()

    def _read(self, fd: int, direction: Direction) -> None:
        try:
            chunk = os.read(fd, READ_BYTES)
        except OSError:  # the peer reset a socket: the same as its end
            chunk = b""
        framer = self._framers[direction]
        frames = framer.feed(chunk) if chunk else framer.close()
        for frame in frames:
            now = time.monotonic()
            self._before_frame(now)
            self._perform(self._session.receive(direction, frame, now=now))
        if not chunk:
            self._close_source(fd)

    def _read_stderr(self) -> None:
        chunk = os.read(self._child.stderr, READ_BYTES)
        if not chunk:
            self._close_source(self._child.stderr)
            return
        self.stderr_ring = (self.stderr_ring + chunk)[-STDERR_RING_BYTES:]
        self._stderr.send(chunk)

    def _close_source(self, fd: int) -> None:
        self._open.discard(fd)
        self._changed = True

    def _pass_signals(self, numbers: bytes) -> None:
        self._changed = True
        for number in numbers:
            if number in PASSED_ON:
                child_process.signal_group(self._child, number)
                self._shutdown.signalled(number, time.monotonic())

    def _perform(self, effects: list[Effect]) -> None:
        """In order; where a Record cannot be written the session says what is done instead of the rest."""
        for place, effect in enumerate(effects):
            if isinstance(effect, Record):
                try:
                    self._recorder.append(effect)
                except OSError:
                    rest: list[Effect] = [other for other in effects[place + 1 :] if not isinstance(other, Record)]
                    self._perform(self._session.unrecorded(rest))
                    return
            elif isinstance(effect, ToServer):
                self._to_server.send(effect.frame)
            else:
                self._to_client.send(effect.frame)

    # -- what is due --------------------------------------------------------------------------------------------------

    def _advance(self, now: float) -> None:
        client_gone = STDIN not in self._open or self._to_client.broken
        server_done = self._child.stdout not in self._open or self._to_server.broken
        if self._server_input_open and (client_gone or server_done) and not self._to_server.queued:
            self._server_input_open = False
            self._watched.pop(self._child.stdin, None)
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._child.stdin)
            self._to_server.close()
        if client_gone or self._child.stdout not in self._open:
            self._shutdown.input_closed(now)
        if (number := self._shutdown.due_signal(now)) is not None:
            child_process.signal_group(self._child, number)
        if self._status is None and (status := child_process.reap(self._child)) is not None:
            self._status = status
            self._shutdown.server_ended(now)

    def _finish(self) -> None:
        """Frames that were left, answers to whoever waits, and a bounded wait for the client to take them."""
        status = self._status or 0
        if self._child.stdout in self._open:
            os.set_blocking(self._child.stdout, False)
            self._read(self._child.stdout, Direction.TO_CLIENT)  # one read takes all that a pipe holds
        if self._child.stdout in self._open:
            for frame in self._framers[Direction.TO_CLIENT].close():
                self._perform(self._session.receive(Direction.TO_CLIENT, frame, now=time.monotonic()))
        client_listens = STDIN in self._open and self._shutdown.signalled_at is None
        if client_listens and self._session.handshake_done:
            self._perform(self._session.server_gone(child_process.describe_exit(status)))
        child_process.release(self._child)  # and with it what the server left behind
        self._drain_stderr()
        until = self._shutdown.flush_until(time.monotonic())
        while (self._to_client.queued or self._stderr.queued) and time.monotonic() < until:
            select.select([], [one.fd for one in (self._to_client, self._stderr) if one.queued], [], 0.05)
            self._to_client.flush()
            self._stderr.flush()

    def _drain_stderr(self) -> None:
        """What the server said last is in the pipe already; nobody else writes to it now."""
        os.set_blocking(self._child.stderr, False)
        with contextlib.suppress(BlockingIOError):
            while self._child.stderr in self._open:
                self._read_stderr()


def _quieten_collector() -> None:
    """What is loaded stays for good, and a message leaves no cycles: nothing to look for at every 700 objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY_OBJECTS)


def _signal_pipe() -> int:
    """Signals become bytes in a pipe of the poll set; the end to read."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (*PASSED_ON, signal.SIGCHLD):
        signal.signal(number, _noted)
    return readable


def _noted(number: int, frame: object) -> None:
    """The wake-up byte says it all."""
