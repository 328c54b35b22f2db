"""A signal is a byte in a pipe; it interrupts nothing and is lost at no time."""

from __future__ import annotations

import signal
import subprocess
import sys

from mcpgw.relay.signals import PASSED_ON

# In a process of its own: handlers and the wake-up descriptor are the whole process's.
PROGRAM = """
import os, select, signal, sys
from mcpgw.relay.signals import PASSED_ON, signal_pipe
pipe = signal_pipe()
assert not os.get_blocking(pipe)
for number in map(int, sys.argv[1:]):
    os.kill(os.getpid(), number)
    assert select.select([pipe], [], [], 20)[0]
    print(*os.read(pipe, 10))
if os.fork() == 0:
    os._exit(0)
assert select.select([pipe], [], [], 20)[0]
print(*os.read(pipe, 10))
"""


def test_each_is_one_byte_and_so_is_a_childs_end() -> None:
    numbers = [str(int(number)) for number in PASSED_ON]
    argv = [sys.executable, "-c", PROGRAM, *numbers]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [*numbers, str(int(signal.SIGCHLD))]


def test_those_that_a_terminal_or_a_client_sends_are_passed_on() -> None:
    assert set(PASSED_ON) == {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
