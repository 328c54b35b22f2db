"""Signals as bytes in a pipe of the poll set, so that the one thread meets them where it waits."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` makes enums of them, which takes a start 2 ms
import os

PASSED_ON = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT)


def signal_pipe() -> int:
    """From now on each signal of PASSED_ON, and SIGCHLD, is a byte there; the end to read."""
    readable, writable = os.pipe()
    os.set_blocking(readable, False)
    os.set_blocking(writable, False)
    _signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    for number in (*PASSED_ON, _signal.SIGCHLD):
        _signal.signal(number, _noted)
    return readable


def _noted(number: int, frame: object) -> None:
    """The wake-up byte says it all."""
