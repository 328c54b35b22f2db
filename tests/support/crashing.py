"""Edits a home in a process of its own that dies, as by SIGKILL, just before its n-th change of the file system."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from mcpgw.installers.apply import apply_install, sole_installer
from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import plan_install
from mcpgw.installers.plan import FilePlan, install_plan
from mcpgw.registry.client import ConfigFile
from mcpgw.registry.select import Choice
from support.client_home import ClientHome

CHANGES = frozenset({"os.mkdir", "os.rename", "os.rmdir", "os.remove", "os.chmod"})
SURVIVED = 0


def crash_at(root: Path, count: int) -> bool:
    """Whether the install died; False: it had fewer than `count` changes to make and finished."""
    program = "from support.crashing import route_and_die; import sys; route_and_die(sys.argv[1], int(sys.argv[2]))"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", program, str(root), str(count)], timeout=60, env=environ)
    assert done.returncode in (SURVIVED, -signal.SIGKILL)
    return done.returncode != SURVIVED


def route(home: ClientHome) -> None:
    """The edits of an install: without launcher and policy, which come before them."""
    plan = plan_install(home.place, home.layout, Choice(), Tolerance(), ())
    with sole_installer(home.layout):
        for file_plan in plan.files:
            build = partial(_planned, file_plan.file, plan.wanted, home.layout.launcher)
            apply_install(home.layout, file_plan, build, now=1.0)


def _planned(file: ConfigFile, wanted: frozenset[str], launcher: str, content: bytes) -> FilePlan:
    return install_plan(file, content, wanted, launcher)


def route_and_die(root: str, count: int) -> None:
    """In the process of its own: `route` of the home in `root`."""
    home = ClientHome(Path(root))
    left = [count]

    def hook(event: str, args: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(args[2], int) and bool(args[2] & (os.O_WRONLY | os.O_RDWR))
        if event in CHANGES or writes:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    route(home)
