"""The pump: one thread, one poll set, two bounded queues. It performs the session's effects and decides nothing."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import os
import select
import time

from mcpgw.audit.record import Record
from mcpgw.gateway.effects import Standing, Start, ToClient, ToServer
from mcpgw.protocol.framing import Framer
from mcpgw.protocol.methods import Direction
from mcpgw.relay import child as child_process
from mcpgw.relay.express import READ_BYTES, Chunk, Way, forward, read, ride
from mcpgw.relay.life import Life
from mcpgw.relay.outlet import Outlet, inherited
from mcpgw.relay.signals import PASSED_ON, signal_pipe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.gateway.effects import Effect
    from mcpgw.gateway.lasting import Lasting
    from mcpgw.gateway.withheld import Withheld
    from mcpgw.relay.child import Child
    from mcpgw.relay.express import Events
    from mcpgw.relay.keeper import Keeper
    from mcpgw.relay.recorder import Recorder

STDERR_RING_BYTES = 8192
# Rare enough not to show in a latency, often enough to find a cycle that a library leaves.
COLLECT_EVERY_OBJECTS = 50_000
STDIN, STDOUT, STDERR = 0, 1, 2
_GONE = select.POLLHUP | select.POLLERR
_READABLE = select.POLLIN | _GONE


class Pump:
    """Moves one session's bytes until it is over."""

    def __init__(
        self,
        session: Lasting | Withheld,
        recorder: Recorder,
        child: Child,
        *,
        max_frame_bytes: int,
        wake_fd: int | None,
        keeper: Keeper,
    ) -> None:
        self._session = session
        self._recorder = recorder
        self._keeper = keeper
        self._before_frames = keeper.before_frames
        self._max_frame_bytes = max_frame_bytes
        self._from_client = Framer(max_frame_bytes)
        self._life = Life(child, max_frame_bytes)
        self._to_client: Outlet = inherited(STDOUT)
        self._lay_ways()
        self._stderr: Outlet = inherited(STDERR)
        self._poll = select.poll()
        self._watched: dict[int, int] = {}
        self._open = {STDIN, child.stdout, child.stderr}
        self._wake_fd = wake_fd
        self._signals = signal_pipe()
        # The first signal to stop that came for the gateway, and whether it found a server to pass it on to.
        self._signalled = 0
        self._alone = False
        self._changed = True  # something ended or a signal came: see what is due
        self._pressure: tuple[int, ...] = ()
        self._due: float | None = None  # when the session has something to do
        self.stderr_ring = b""

    def run(self) -> int:
        """Until the session is over; the server's wait status, or minus the signal that found no server."""
        _quieten_collector()
        while not self._over():
            self._watch()
            for fd, events in self._happened():
                self._handle(fd, events)
            life = self._life
            if self._changed or life.ending.under_way or self._to_client.broken or life.to_server.broken:
                self._changed = False
                self._advance(time.monotonic())
            if self._due is not None and (now := time.monotonic()) >= self._due:
                if self._recorder.sync_due is not None and now >= self._recorder.sync_due:
                    self._recorder.sync()
                self._perform(self._session.tick(now=now))
        self._finish()
        return -self._signalled if self._alone else self._life.status or 0

    def say(self, line: bytes) -> None:
        """A line of the gateway's own on stderr, dropped while the client does not read there."""
        if not self._stderr.crowded:
            self._stderr.send(line)

    # -- what to wait for -------------------------------------------------------------------------------------------

    def _over(self) -> bool:
        """Whether the session is over; where only the server is, the session hears of it."""
        life = self._life
        if life.status is None:
            return False
        if not life.buried:
            if life.child.stdout in self._open and not self._drained(life):
                return False
            self._bury(life)
        return self._session.over or not self._client_listens

    def _drained(self, life: Life) -> bool:
        """Whether the time to read what an ended server left is over."""
        if not life.ending.drained(time.monotonic()):
            return False
        return not self._to_client.crowded or self._signalled != 0

    @property
    def _client_listens(self) -> bool:
        return STDIN in self._open and not self._to_client.broken and not self._signalled

    def _watch(self) -> None:
        """Brings the poll set up to date: a source is read only while its sink is not crowded."""
        life = self._life
        sinks = (life.to_server, self._to_client, self._stderr)
        pressure: tuple[int, ...] = (len(self._open), life.input_open, self._to_client.broken)
        if life.to_server.queued or self._to_client.queued or self._stderr.queued:
            pressure += tuple((one.queued > 0) + one.crowded for one in sinks)
        if pressure == self._pressure:
            return
        self._pressure = pressure
        wanted = {self._signals: select.POLLIN}
        if self._wake_fd is not None:
            wanted[self._wake_fd] = select.POLLIN
        for source, sink in ((STDIN, life.to_server), (life.child.stdout, self._to_client)):
            if source in self._open and not sink.crowded:
                wanted[source] = select.POLLIN
        if life.child.stderr in self._open and not self._stderr.crowded:
            wanted[life.child.stderr] = select.POLLIN
        if STDIN not in self._open and not self._to_client.broken:
            wanted[self._to_client.fd] = 0  # tells when the client has gone altogether
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

    def _forget(self, fd: int) -> None:
        """It is closed next: the number may name another file by the time that the poll set is brought up to date."""
        if self._watched.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def _timeout_ms(self) -> float | None:
        deadline = self._session.due_at()
        if (sync_due := self._recorder.sync_due) is not None:
            deadline = sync_due if deadline is None else min(deadline, sync_due)
        self._due = deadline
        life = self._life
        if life.ending.under_way and not life.buried:
            only_the_client = life.ending.drained(time.monotonic()) and not self._drained(life)
            last = None if only_the_client else life.ending.deadline()
            deadline = min((at for at in (deadline, last) if at is not None), default=None)
        return None if deadline is None else max(0.0, (deadline - time.monotonic()) * 1000)

    def _lay_ways(self) -> None:
        """Of this life's frames."""
        life = self._life
        self._to_server_way = Way(Direction.TO_SERVER, STDIN, self._from_client, life.to_server)
        self._to_client_way = Way(Direction.TO_CLIENT, life.child.stdout, life.framer, self._to_client)

    # -- what has happened ------------------------------------------------------------------------------------------

    def _happened(self) -> Events:
        """Waits; frames for the lane are seen to on the way, as long as nothing else is due."""
        timeout, lane = self._timeout_ms(), self._session.lane
        if lane is None or timeout is not None or self._changed or self._life.ending.under_way:
            return self._poll.poll(timeout)
        found = ride(self._poll, self._to_server_way, self._to_client_way, lane, self._recorder, self._keeper)
        if isinstance(found, Chunk):
            self._arrived(found)
            return []
        return found

    def _handle(self, fd: int, events: int) -> None:
        child = self._life.child
        if fd == STDIN and events & _READABLE:
            self._read(self._to_server_way)
        elif fd == child.stdout and events & _READABLE:
            self._read(self._to_client_way)
        elif fd == child.stderr and events & _READABLE:
            self._read_stderr()
        elif fd == self._signals:
            self._pass_signals(os.read(fd, READ_BYTES))
        elif fd == self._wake_fd:
            os.read(fd, READ_BYTES)
            self._perform(self._keeper.woken(time.monotonic()))
        else:
            for sink in (self._life.to_server, self._to_client, self._stderr):
                if sink.fd == fd:
                    sink.flush()
            if fd == self._to_client.fd and events & _GONE:
                self._to_client.lose_reader()

    def _arrived(self, chunk: Chunk) -> None:
        """Each frame in its turn: runs of them by the lane, others by the session. No content: the source has ended."""
        way, content, at, now = chunk
        if not content:
            self._close_source(way.source)
            # What the server left of its last line is looked at when it has ended.
            for frame in way.framer.close() if way.source == STDIN else ():
                self._before_frames(now)
                self._perform(self._session.receive(way.direction, frame, now=now))
            return
        if b"\n" in content:
            self._before_frames(now)  # all of them were sent before this look at the policy
        while at < len(content):
            lane = self._session.lane if way.framer.idle else None
            if lane is not None and (at := forward(lane, way, self._recorder, content, at, now)) == len(content):
                return
            stop = content.find(b"\n", at) + 1 or len(content)
            for frame in way.framer.feed(content[at:stop]):
                self._perform(self._session.receive(way.direction, frame, now=now))
            at = stop

    def _read(self, way: Way) -> None:
        content = read(way.source)
        self._arrived(Chunk(way, content, 0, time.monotonic()))

    def _read_stderr(self) -> None:
        chunk = os.read(self._life.child.stderr, READ_BYTES)
        if not chunk:
            self._close_source(self._life.child.stderr)
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
                if not self._signalled:
                    self._signalled, self._alone = number, self._life.buried
                if self._life.status is None:
                    child_process.signal_group(self._life.child, number)
                self._life.ending.signalled(number, time.monotonic())

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
                self._life.to_server.send(effect.frame)
            elif isinstance(effect, ToClient):
                self._to_client.send(effect.frame)
            elif isinstance(effect, Standing):
                self._keeper.stands(effect)
            elif isinstance(effect, Start):
                self._start_again()
            else:
                self._stop_server()

    # -- what is due --------------------------------------------------------------------------------------------------

    def _advance(self, now: float) -> None:
        life = self._life
        client_gone = STDIN not in self._open or self._to_client.broken
        server_done = life.child.stdout not in self._open or life.to_server.broken
        if life.input_open and (client_gone or server_done) and not life.to_server.queued:
            self._forget(life.child.stdin)
            life.close_input()
        if client_gone or server_done:
            life.ending.input_closed(now)
        if STDIN not in self._open and self._to_client.broken:
            life.ending.abandoned(now)
        if life.child.stdout not in self._open:
            life.ending.output_closed(now)
        if life.status is not None:
            return
        if (number := life.ending.due_signal(now)) is not None:
            child_process.signal_group(life.child, number)
        if (status := child_process.reap(life.child)) is not None:
            life.status = status
            life.ending.server_ended(now)
        elif life.ending.due_silence(now) and self._client_listens:
            self._perform(self._session.server_silent(now=now))

    def _bury(self, life: Life) -> None:
        """The last frames, what the server left behind, and the answers to whoever waits."""
        if life.child.stdout in self._open:
            os.set_blocking(life.child.stdout, False)
            self._read(self._to_client_way)  # one read takes all that a pipe holds
        child_process.release(life.child)  # and with it what the server left behind
        self._drain_stderr()
        self._keeper.ended(self.stderr_ring)
        self._open -= {life.child.stdout, life.child.stderr}
        self._forget(life.child.stdin)
        life.bury()
        self._pressure = ()
        rest = b"".join(frame for frame in life.framer.close() if isinstance(frame, bytes))
        now = time.monotonic()
        if self._client_listens:
            how = child_process.describe_exit(life.status or 0)
            self._perform(self._session.server_ended(how, rest, now=now))
        elif rest:
            self._perform(self._session.receive(Direction.TO_CLIENT, rest, now=now))

    def _start_again(self) -> None:
        now = time.monotonic()
        try:
            child = self._keeper.start_again()
        except child_process.StartFailed as failure:
            self._perform(self._session.server_ended(f"no start: {failure}", b"", now=now))
            return
        self._life = Life(child, self._max_frame_bytes)
        self._lay_ways()
        self._open |= {child.stdout, child.stderr}
        self._changed, self._pressure = True, ()
        self._perform(self._session.server_started(now=now))

    def _stop_server(self) -> None:
        """As a client would: a signal, and a harder one if that does not help."""
        if self._life.status is None:
            child_process.signal_group(self._life.child, _signal.SIGTERM)
            self._life.ending.signalled(_signal.SIGTERM, time.monotonic())
            self._changed = True

    def _finish(self) -> None:
        """A bounded wait for the client to take what is left for it, and no wait of the journal's for that."""
        if self._recorder.sync_due is not None:
            self._recorder.sync()
        until = self._life.ending.flush_until(time.monotonic())
        while (self._to_client.queued or self._stderr.queued) and time.monotonic() < until:
            select.select([], [one.fd for one in (self._to_client, self._stderr) if one.queued], [], 0.05)
            self._to_client.flush()
            self._stderr.flush()

    def _drain_stderr(self) -> None:
        """What the server said last is in the pipe already; nobody else writes to it now."""
        os.set_blocking(self._life.child.stderr, False)
        try:
            while self._life.child.stderr in self._open:
                self._read_stderr()
        except BlockingIOError:
            return


def _quieten_collector() -> None:
    """What is loaded stays for good, and a message leaves no cycles: nothing to look for at every 700 objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY_OBJECTS)
