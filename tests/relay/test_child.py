"""A server runs in a group of its own, with the environment and directory that it would have had."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from mcpgw.relay.child import Child, StartFailed, confirm_start, describe_exit, reap, signal_group, spawn


def _run(code: str) -> tuple[Child, bytes, int]:
    child = spawn([sys.executable, "-I", "-c", code])
    confirm_start(child, "python")
    os.close(child.stdin)
    parts = []
    while chunk := os.read(child.stdout, 65536):
        parts.append(chunk)
    _, status = os.waitpid(child.pid, 0)
    os.close(child.stdout)
    os.close(child.stderr)
    return child, b"".join(parts), status


def test_group_directory_environment_and_signals() -> None:
    code = "import os,signal; print(os.getpgrp(), os.getcwd(), os.environ['HOME'], signal.getsignal(signal.SIGTERM))"
    child, said, status = _run(code)
    group, directory, home, handler = said.decode().split()
    assert (int(group), directory, home, handler) == (child.pid, os.getcwd(), os.environ["HOME"], "0")
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize(("command", "code"), [("no-such-program", 127), (os.getcwd(), 126)])
def test_a_failed_start_says_which_and_why(command: str, code: int) -> None:
    child = spawn([command])
    with pytest.raises(StartFailed, match=command) as failure:
        confirm_start(child, command)
    assert failure.value.exit_code == code
    for descriptor in (child.stdin, child.stdout, child.stderr):
        os.close(descriptor)


def test_a_signal_reaches_the_group_and_is_described() -> None:
    child = spawn([sys.executable, "-I", "-c", "import time; time.sleep(60)"])
    confirm_start(child, "python")
    assert reap(child) is None
    signal_group(child, signal.SIGKILL)
    _, status = os.waitpid(child.pid, 0)
    assert describe_exit(status) == "signal 9"
    signal_group(child, signal.SIGKILL)  # nobody is there any more
    for descriptor in (child.stdin, child.stdout, child.stderr):
        os.close(descriptor)
