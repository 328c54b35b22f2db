"""The real server as a child: its own process group, and no way to outlive the gateway. Imported first."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys

from mcpgw.relay import guardian
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from mcpgw.relay.guardian import Guardian

PR_SET_PDEATHSIG = 1  # prctl(2)
NOT_EXECUTABLE = 126
COMMAND_NOT_FOUND = 127
LISTEN_BYTES = 65536
LC_CTYPE = b"LC_CTYPE"
COERCED = (b"C.UTF-8", b"C.utf8", b"UTF-8")  # what Python sets it to


class Unguarded:
    """Where there is no guardian (guardian.py) the gateway is the server's parent, and its group is what it can end."""

    __slots__ = ("server",)

    def __init__(self, server: int) -> None:
        self.server = server

    def status(self) -> int | None:
        """The wait status if the server has ended, else None."""
        pid, status = os.waitpid(self.server, os.WNOHANG)
        return status if pid else None

    def release(self) -> None:
        """Ends what is left in the server's group."""
        guardian.send_to_group(self.server, _signal.SIGKILL)


class Child(NamedTuple):
    """A server on its way: who knows how it fares, our ends of its pipes, and where its exec reports to."""

    parent: Guardian | Unguarded
    stdin: int
    stdout: int
    stderr: int
    report: int

    @property
    def pid(self) -> int:
        """The server's, which is also its process group; 0 when it could not be forked."""
        return self.parent.server


class StartFailed(Exception):
    """The server's command could not be started. exit_code: what a shell would give."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def spawn(argv: list[str], root: str = "") -> Child:
    """Starts `argv` in this process's working directory and the environment that it was given.

    root: the state directory, which knows further places for a command that PATH does not lead to. `confirm_start`
    says if the start worked.
    """
    return _fork(lambda stdio, report, parent: _become(argv, root, stdio, report, parent))


def working_directory() -> str:
    """Where servers start; empty where the directory has been deleted, in which they start all the same."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""


def stand_in() -> Child:
    """A process in the place of a server that is not started: it says nothing and ends as an obedient server would."""
    return _fork(_listen)


def _fork(become: Callable[[tuple[int, int, int], int, int], NoReturn]) -> Child:
    """become: runs in the child with its stdio, where it reports to, and its parent's pid; it never returns."""
    server_in, our_out = os.pipe()
    our_in, server_out = os.pipe()
    our_err, server_err = os.pipe()
    report_out, report_in = os.pipe()  # closed by a successful exec, else it carries the errno
    stdio = (server_in, server_out, server_err)
    parent = _parent(lambda pid: become(stdio, report_in, pid), report_in)
    for descriptor in (*stdio, report_in):
        os.close(descriptor)
    os.set_blocking(our_out, False)  # our own end of our own pipe: nobody else sees the flag
    return Child(parent, our_out, our_in, our_err, report_out)


def _parent(become: Callable[[int], NoReturn], report: int) -> Guardian | Unguarded:
    if guardian.available():
        return guardian.guarded(become, report)
    gateway = os.getpid()
    pid = os.fork()
    if pid == 0:
        become(gateway)
    return Unguarded(pid)


def confirm_start(child: Child, command: str) -> None:
    """Waits for the exec, which is done in milliseconds. Raises StartFailed if there was none."""
    failure = os.read(child.report, 16)
    os.close(child.report)
    if failure:
        release(child)
        raise _start_failed(command, int(failure))


def _become(argv: list[str], root: str, stdio: tuple[int, int, int], report: int, parent: int) -> NoReturn:
    """Runs in the child and never returns."""
    try:
        _settle(stdio, parent)
        _exec(argv, root)
    except OSError as error:
        os.write(report, str(error.errno).encode())
    finally:
        os._exit(COMMAND_NOT_FOUND)


def _listen(stdio: tuple[int, int, int], report: int, parent: int) -> NoReturn:
    """Runs in the child: reads until the end of its input, and never returns."""
    try:
        _settle(stdio, parent)
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # Python's own would raise here
        os.closerange(3, report + 1)  # the gateway's ends too: with its own input open for writing it would never end
        while os.read(0, LISTEN_BYTES):
            pass
    finally:
        os._exit(0)


def _settle(stdio: tuple[int, int, int], parent: int) -> None:
    os.setpgid(0, 0)
    for target, descriptor in enumerate(stdio):
        os.dup2(descriptor, target)
    # Python ignores these two; the server gets them as it would have without us.
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):
        _signal.signal(number, _signal.SIG_DFL)
    _die_with(parent)


def _exec(argv: list[str], root: str) -> None:
    """Becomes `argv`, looked up on its own PATH. Only where it is not there, PATH is extended: by what `install` saw.

    Raises OSError, of the first try where the second finds nothing either.
    """
    environ = given_environment()
    try:
        os.execvpe(argv[0], argv, environ)
    except (FileNotFoundError, NotADirectoryError) as missing:
        further = b"" if "/" in argv[0] else _recorded(root)
        if not further:
            raise
        environ[b"PATH"] = os.pathsep.encode().join((environ.get(b"PATH", os.fsencode(os.defpath)), further))
        # Seen only if it works: nobody reads this pipe of a server that did not start.
        os.write(2, b"mcpgw: %b is not on the client's PATH; found as `mcpgw install` saw it\n" % os.fsencode(argv[0]))
        try:
            os.execvpe(argv[0], argv, environ)
        except (FileNotFoundError, NotADirectoryError):
            raise missing from None


def given_environment() -> dict[bytes, bytes]:
    """The environment as the client gave it: where the locale is C, Python has put another LC_CTYPE there (PEP 538).

    What was there before is known on Linux only (proc(5), environ).
    """
    environ = dict(os.environb)
    if environ.get(LC_CTYPE) not in COERCED:
        return environ
    try:
        with open("/proc/self/environ", "rb", buffering=0) as file:
            given = dict(each.split(b"=", 1) for each in (file.read() or b"").split(b"\0") if b"=" in each)
    except OSError:
        return environ
    if LC_CTYPE in given:
        environ[LC_CTYPE] = given[LC_CTYPE]
    else:
        del environ[LC_CTYPE]
    return environ


def _recorded(root: str) -> bytes:
    """PATH as `install` recorded it. What it needs is loaded here: hardly any start gets here."""
    from mcpgw.files import read_bytes
    from mcpgw.paths import StateLayout

    try:
        return read_bytes(StateLayout(root).search_path) if root else b""
    except OSError:
        return b""


def _die_with(parent: int) -> None:
    """Linux: a guardian that is killed takes the server along. Elsewhere the server sees the end of its stdin."""
    if sys.platform != "linux":
        return
    guardian.prctl(PR_SET_PDEATHSIG, _signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(COMMAND_NOT_FOUND)  # it died between fork and prctl


def _start_failed(command: str, errno: int) -> StartFailed:
    reason = os.strerror(errno)
    missing = errno == 2
    code = COMMAND_NOT_FOUND if missing else NOT_EXECUTABLE
    where = "" if "/" in command else " on PATH"
    fault = f"the server's command cannot be started: {command}{where}: {reason}"
    return StartFailed(f"{fault}; install it, or mend the command in the client's config", code)


def signal_group(child: Child, number: int) -> None:
    """Sends a signal to the server and its group; nothing if they are gone."""
    guardian.send_to_group(child.pid, number)


def reap(child: Child) -> int | None:
    """The wait status if the server has ended, else None. Call it again only after None."""
    return child.parent.status()


def release(child: Child) -> None:
    """Ends the server and whatever it started that still runs, in its group or out of it. Call it once."""
    child.parent.release()


def describe_exit(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def end_like(status: int) -> NoReturn:
    """Ends this process as the server ended: by the same code or the same signal. Never returns."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        end_by_signal(-code)
    os._exit(code)


def end_by_signal(number: int) -> NoReturn:
    """Ends this process by `number`; with 128 + number where that signal cannot be taken. Never returns."""
    if number not in (_signal.SIGKILL, _signal.SIGSTOP):
        _signal.signal(number, _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, [number])
    os.kill(os.getpid(), number)
    os._exit(128 + number)
