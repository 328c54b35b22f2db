"""Linux: a process between gateway and server that ends every descendant of the server when its session is over.

It is forked while the gateway is small, and goes on as a small program where that was built (_guardian.c). It holds two
pipes: a lifeline, which ends with the gateway however that dies, and one for two words of four bytes, the server's pid
and then its wait status. Imported first, with `_signal` and not `signal`: that loads enum, 2 ms of each start and
0.5 MB in a process without a use for it.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

PROGRAM = os.path.join(os.path.dirname(__file__), "_guardian")
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
WORD_BYTES = 4
# A release waits for the end of all that is left, which takes milliseconds, and not for what no signal can end.
RELEASE_SECONDS = 0.2
# After it the guardian leaves too: a process in the kernel's hands, or of another user, is not its to end.
SWEEP_SECONDS = 10.0
SWEEP_PAUSE_SECONDS = 0.001
# For the gateway or its whole group; who means the guardian closes the lifeline.
IGNORED = (_signal.SIGHUP, _signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM)


class Guardian:
    """The gateway's side of one server's guardian."""

    __slots__ = ("_lifeline", "_server", "_words", "pid")

    def __init__(self, pid: int, lifeline: int, words: int) -> None:
        self.pid = pid
        self._lifeline = lifeline
        self._words = words
        self._server: int | None = None

    @property
    def server(self) -> int:
        """The server's pid; 0 when it could not be forked. Waits for the fork, which is done in milliseconds."""
        if self._server is None:
            self._server = int.from_bytes(os.read(self._words, WORD_BYTES), sys.byteorder)
            os.set_blocking(self._words, False)
        return self._server

    def status(self) -> int | None:
        """The server's wait status if it has ended, else None.

        A guardian that was killed has taken its server along; the rest of the server's group follows.
        """
        try:
            word = os.read(self._words, WORD_BYTES) if self.server else b""
        except BlockingIOError:
            return None
        if word:
            return int.from_bytes(word, sys.byteorder)
        send_to_group(self.server, _signal.SIGKILL)
        return int(_signal.SIGKILL)

    def release(self) -> None:
        """Ends the server, all that it left, and the guardian, which is seen by the end of its words. Call it once."""
        import select

        self._server = self.server  # who asks later still gets it
        os.close(self._lifeline)
        until = time.monotonic() + RELEASE_SECONDS
        gone = False
        while not gone and select.select([self._words], [], [], max(0.0, until - time.monotonic()))[0]:
            gone = not os.read(self._words, WORD_BYTES)
        os.close(self._words)
        os.waitpid(self.pid, 0 if gone else os.WNOHANG)


def available() -> bool:
    """Whether this system can have a guardian: Linux, with /proc in its place."""
    return sys.platform == "linux" and os.path.isdir("/proc/self/fd")


def guarded(become: Callable[[int], NoReturn], report: int) -> Guardian:
    """Forks a guardian, and it the server, without waiting for either.

    become: runs in the server with its parent's pid, and never returns.  report: takes the errno of a fork that failed.
    """
    gateway = os.getpid()
    lifeline, our_lifeline = os.pipe()
    our_words, words = os.pipe()
    gc.freeze()  # what the gateway's collector does not touch stays shared
    pid = os.fork()
    if pid == 0:
        gc.disable()
        os.close(our_lifeline)
        os.close(our_words)
        _guard(become, report, gateway, lifeline, words)
    os.close(lifeline)
    os.close(words)
    return Guardian(pid, our_lifeline, our_words)


def send_to_group(group: int, number: int) -> None:
    """Sends a signal to a process group; nothing if it is gone, or 0 because it never was."""
    if not group:
        return
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def prctl(option: int, argument: int) -> None:
    """prctl(2), where the interpreter can call it and the libc has it."""
    try:
        import _ctypes  # the half of ctypes that calls: the other half takes a server's start 3 ms more

        function = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")  # type: ignore[arg-type]
        _ctypes.call_function(function, (option, argument, 0, 0, 0))
    except (ImportError, OSError, AttributeError):
        return


def _guard(become: Callable[[int], NoReturn], report: int, gateway: int, lifeline: int, words: int) -> NoReturn:
    """Runs in the guardian. Whatever happens to it, all that the server started ends with it."""
    try:
        os.setpgid(0, 0)
        _signal.set_wakeup_fd(-1)  # a gateway that starts a server again has one
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        server = _fork(become, report, (lifeline, words))
        _say(words, server)
        _hold_only(lifeline, words)
        _become_program(server, gateway, lifeline, words)
        _watch(server, gateway, lifeline, words)
    finally:
        _sweep()
        os._exit(0)


def _fork(become: Callable[[int], NoReturn], report: int, own: tuple[int, int]) -> int:
    """The server's pid. own: the guardian's descriptors, which the server does not get."""
    guardian = os.getpid()
    try:
        server = os.fork()
    except OSError as error:
        os.write(report, str(error.errno).encode())
        os._exit(0)
    if server == 0:
        for descriptor in own:
            os.close(descriptor)
        become(guardian)
    return server


def _hold_only(*kept: int) -> None:
    """Closes everything else: the client's descriptors, the gateway's locks, the server's ends of its pipes."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        if descriptor > 2 and descriptor not in kept:
            try:
                os.close(descriptor)
            except OSError:
                continue  # the listing's own


def _become_program(server: int, gateway: int, lifeline: int, words: int) -> None:
    """Goes on as _guardian.c: children, subreaper and descriptors stay. Returns where it was not built."""
    for descriptor in (lifeline, words):
        os.set_inheritable(descriptor, True)
    try:
        # With no environment: it needs none, and what is in it might be loaded into it.
        os.execve(PROGRAM, ["mcpgw-guardian", *map(str, (server, gateway, lifeline, words))], {})
    except OSError:
        return


def _watch(server: int, gateway: int, lifeline: int, words: int) -> None:
    """Reaps who ends and tells of the server, until the lifeline ends."""
    import select

    woken = _woken_by_children()
    poll = select.poll()
    poll.register(lifeline, 0)  # nothing comes through it but its end
    poll.register(woken, select.POLLIN)
    while True:
        for pid, status in _reap()[0]:
            if pid == server:
                server = 0  # the number may name another child later
                _say(words, status)
                if os.getppid() == gateway:
                    os.kill(gateway, _signal.SIGCHLD)  # as if the server were its own child
        if any(descriptor == lifeline for descriptor, _ in poll.poll()):
            return
        os.read(woken, 1024)


def _woken_by_children() -> int:
    """A pipe's end that has something to read once a child has ended."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    _signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    _signal.signal(_signal.SIGCHLD, lambda number, frame: None)
    for number in IGNORED:
        _signal.signal(number, _signal.SIG_IGN)
    return readable


def _say(words: int, word: int) -> None:
    try:
        os.write(words, word.to_bytes(WORD_BYTES, sys.byteorder))
    except BrokenPipeError:
        return  # the gateway has gone, and the lifeline says so too


def _reap() -> tuple[list[tuple[int, int]], bool]:
    """Pid and wait status of each child that has ended, and whether any child is left."""
    ended: list[tuple[int, int]] = []
    try:
        while (one := os.waitpid(-1, os.WNOHANG))[0]:
            ended.append(one)
    except ChildProcessError:
        return ended, False
    return ended, True


def _sweep() -> None:
    """Kills and reaps until nothing is left.

    Only children are killed: their numbers cannot name anybody else before they are reaped here. What they leave
    behind becomes a child in turn, whatever session or group it is in.
    """
    until = time.monotonic() + SWEEP_SECONDS
    while time.monotonic() < until:
        ended, any_left = _reap()
        if not any_left:
            return
        for child in _children():
            try:
                os.kill(child, _signal.SIGKILL)
            except PermissionError:
                continue  # it became another user's
        if not ended:
            time.sleep(SWEEP_PAUSE_SECONDS)


def _children() -> list[int]:
    me = os.getpid()
    try:
        with open(f"/proc/self/task/{me}/children", "rb", buffering=0) as file:
            return list(map(int, (file.read() or b"").split()))
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN
        return children_by_scan(me)


def children_by_scan(parent: int) -> list[int]:
    """The children of a process, out of everybody's stat line (proc(5))."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _parent_of(name) == parent]


def _parent_of(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            # The command name may hold spaces and brackets; the last bracket ends it.
            return int((file.read() or b"").rpartition(b")")[2].split()[1])
    except OSError:
        return 0
