"""Edits a home in a process of its own that dies, is interrupted, or whose call fails, at its n-th file system change."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from mcpgw.errors import McpgwError
from mcpgw.installers.apply import apply_install, sole_installer
from mcpgw.installers.deed import opened
from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import plan_install, settle
from mcpgw.installers.plan import FilePlan, install_plan
from mcpgw.installers.uninstall import plan_uninstall, uninstall
from mcpgw.registry.client import ConfigFile
from mcpgw.registry.select import Choice
from support.client_home import ClientHome

CHANGES = frozenset({"os.mkdir", "os.rename", "os.rmdir", "os.remove", "os.chmod"})
SURVIVED, FAILED, ENDED_BY_CTRL_C, _NOT_REACHED = 0, 6, 130, 99
# As error numbers: the process is killed, or gets Ctrl-C.
KILLED, INTERRUPTED = 0, -1


class Stage:
    """A process that has imported everything and makes a copy of itself for each deed, so that a deed costs little."""

    def __init__(self) -> None:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent.parent), *sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from support.crashing import serve; serve()"],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stopped_at(self, root: Path, deed: str, count: int, error: int = KILLED) -> int | None:
        """The exit status of `deed` (a key of DEEDS) with its change number `count` stopped.

        None: it had fewer changes to make. error: the number that the call fails with, or KILLED or INTERRUPTED.
        """
        return self._status("do_and_stop", str(root), deed, count, error)

    def in_a_small_place(self, root: Path, deed: str, size: int) -> int | None:
        """The exit status of `deed` where no file may grow beyond `size` bytes."""
        return self._status("do_within", str(root), deed, size)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)

    def _status(self, *call: str | int) -> int | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        assert status in (SURVIVED, FAILED, ENDED_BY_CTRL_C, -signal.SIGKILL, _NOT_REACHED)
        return None if status == _NOT_REACHED else status


def serve() -> None:
    """In the process of the stage: performs each call of a line in a copy, and prints its exit status."""
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        copy = os.fork()
        if copy == 0:
            os._exit({"do_and_stop": do_and_stop, "do_within": do_within}[name](*arguments))
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])}\n")
        sys.stdout.flush()


def route(home: ClientHome) -> None:
    """The edits of an install: without launcher and policy, which come before them."""
    settle(home.layout, now=1.0)
    plan = plan_install(home.place, home.layout, Choice(), Tolerance(), ())
    with sole_installer(home.layout):
        for file_plan in plan.files:
            build = partial(_planned, file_plan.file, plan.wanted, home.layout.launcher)
            apply_install(opened(home.layout, now=1.0), file_plan, build)


def take_off(home: ClientHome) -> None:
    settle(home.layout, now=2.0)
    uninstall(home.layout, plan_uninstall(home.place, home.layout, Choice(), Tolerance(), ()), now=2.0)


DEEDS = {"route": route, "take_off": take_off}


def do_and_stop(root: str, deed: str, count: int, error: int) -> int:
    """In the process of its own."""
    left = [count]

    def hook(event: str, args: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(args[2], int) and bool(args[2] & (os.O_WRONLY | os.O_RDWR))
        if event in CHANGES or writes:
            left[0] -= 1
            if left[0] == 0:
                _stop(error)

    sys.addaudithook(hook)
    status = _done(root, deed)
    return status if left[0] <= 0 else _NOT_REACHED


def do_within(root: str, deed: str, size: int) -> int:
    """In the process of its own."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    return _done(root, deed)


def _stop(error: int) -> None:
    if error == KILLED:
        os.kill(os.getpid(), signal.SIGKILL)
    if error == INTERRUPTED:
        signal.raise_signal(signal.SIGINT)
    raise OSError(error, os.strerror(error))


def _done(root: str, deed: str) -> int:
    try:
        DEEDS[deed](ClientHome(Path(root)))
    except (McpgwError, OSError):
        return FAILED
    except KeyboardInterrupt:
        return ENDED_BY_CTRL_C
    return SURVIVED


def _planned(file: ConfigFile, wanted: frozenset[str], launcher: str, content: bytes) -> FilePlan:
    return install_plan(file, content, wanted, launcher)
