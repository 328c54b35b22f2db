"""A server runs in a group of its own, with the environment and directory that it would have had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcpgw.relay.child import (
    Child,
    StartFailed,
    confirm_start,
    describe_exit,
    end_like,
    reap,
    release,
    signal_group,
    spawn,
    stand_in,
    working_directory,
)


def _python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def _ended(child: Child) -> int:
    """Its wait status; what it left is ended with it."""
    until = time.monotonic() + 20
    while (status := reap(child)) is None and time.monotonic() < until:
        os.sched_yield()
    assert status is not None
    release(child)
    return status


def _run(argv: list[str], root: str = "") -> tuple[Child, bytes, int]:
    child = spawn(argv, root)
    confirm_start(child, argv[0])
    os.close(child.stdin)
    parts = []
    while chunk := os.read(child.stdout, 65536):
        parts.append(chunk)
    status = _ended(child)
    os.close(child.stdout)
    os.close(child.stderr)
    return child, b"".join(parts), status


def test_group_directory_environment_and_signals() -> None:
    code = "import os,signal; print(os.getpgrp(), os.getcwd(), os.environ['HOME'], signal.getsignal(signal.SIGTERM))"
    child, said, status = _run(_python(code))
    group, directory, home, handler = said.decode().split()
    assert (int(group), directory, home, handler) == (child.pid, os.getcwd(), os.environ["HOME"], "0")
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.requirement("install.search-path")
def test_further_places_are_looked_at_only_for_what_path_does_not_lead_to(tmp_path: Path) -> None:
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime/path").write_text(f"{tmp_path}/bin")
    (tmp_path / "bin").mkdir()
    for name in ("env", "only-here"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\necho $PATH\n")
        (tmp_path / "bin" / name).chmod(0o700)
    _, said, _ = _run(["env"], str(tmp_path))
    assert f"PATH={os.environ['PATH']}" in said.decode().splitlines()
    _, said, _ = _run(["only-here"], str(tmp_path))
    assert said.decode() == f"{os.environ['PATH']}:{tmp_path}/bin\n"
    with pytest.raises(StartFailed, match="nowhere on PATH: No such file"):
        _run(["nowhere"], str(tmp_path))


@pytest.mark.parametrize(("command", "code"), [("no-such-program", 127), (os.getcwd(), 126)])
def test_a_failed_start_says_which_and_why(command: str, code: int) -> None:
    child = spawn([command])
    with pytest.raises(StartFailed, match=command) as failure:
        confirm_start(child, command)
    assert failure.value.exit_code == code
    for descriptor in (child.stdin, child.stdout, child.stderr):
        os.close(descriptor)


def test_a_signal_reaches_the_group_and_is_described() -> None:
    child = spawn(_python("import time; time.sleep(60)"))
    confirm_start(child, "python")
    assert reap(child) is None
    signal_group(child, signal.SIGKILL)
    status = _ended(child)
    assert describe_exit(status) == "signal 9"
    signal_group(child, signal.SIGKILL)  # nobody is there any more
    for descriptor in (child.stdin, child.stdout, child.stderr):
        os.close(descriptor)


def test_no_descriptor_of_the_gateway_is_handed_on() -> None:
    code = "import os; print(*[fd for fd in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{fd}')])"
    _, said, _ = _run(_python(code))
    known = (int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}"))
    inherited = {descriptor for descriptor in known if os.get_inheritable(descriptor)}  # the client's, as without us
    assert set(map(int, said.split())) == inherited | {0, 1, 2}


def test_signals_that_python_ignores_are_not_ignored_in_the_server() -> None:
    _, said, _ = _run(["cat", "/proc/self/status"])
    (ignored,) = (int(line.split()[1], 16) for line in said.decode().splitlines() if line.startswith("SigIgn"))
    assert not ignored & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)


@pytest.mark.parametrize("code", [0, 7, -signal.SIGTERM, -signal.SIGKILL])
def test_ends_as_the_server_ended(code: int) -> None:
    status = code << 8 if code >= 0 else -code
    pid = os.fork()
    if pid == 0:
        end_like(status)
    _, ended = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(ended) == code


@pytest.mark.parametrize("number", [None, signal.SIGINT, signal.SIGTERM])
def test_a_stand_in_ends_with_its_input_or_by_a_signal(number: int | None) -> None:
    child = stand_in()
    confirm_start(child, "")
    os.write(child.stdin, b"nobody answers\n")
    if number is not None:
        signal_group(child, number)
    else:
        os.close(child.stdin)
    assert os.read(child.stdout, 1) == b""
    status = _ended(child)
    assert os.waitstatus_to_exitcode(status) == (0 if number is None else -number)
    for descriptor in (child.stdout, child.stderr, *(() if number is None else (child.stdin,))):
        os.close(descriptor)


def test_a_server_starts_where_the_directory_has_been_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    assert working_directory() == str(gone)
    gone.rmdir()
    assert working_directory() == ""
    assert _run(_python("print('up')"))[1] == b"up\n"


ELSEWHERE = """
import os, sys
sys.platform = "darwin"
from mcpgw.relay.child import Unguarded, confirm_start, reap, release, spawn
child = spawn(["sh", "-c", "sleep 300 & echo $!; read line"])
confirm_start(child, "sh")
left = int(os.read(child.stdout, 20))
os.close(child.stdin)
while (status := reap(child)) is None:
    pass
release(child)
assert os.read(child.stdout, 1) == b""  # the last one who held it is gone
print(type(child.parent) is Unguarded, os.waitstatus_to_exitcode(status))
"""


def test_where_there_is_no_guardian_the_group_is_ended() -> None:
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True 1\n"  # `read` at the end of its input
