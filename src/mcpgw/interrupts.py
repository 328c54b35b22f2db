"""Ctrl-C ends a command with two lines and exit code 130, never with a traceback.

Before a verb has begun it ends at once; afterwards by an exception, so that what was under way is cleaned up.
"""

from __future__ import annotations

# What `signal` is made of: that would import `enum` first, while Ctrl-C still means a traceback.
import _signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

EXIT_CODE = 130  # 128 + SIGINT, as a shell has it
MESSAGE = "interrupted; no file is half-written"
NEXT_STEP = "Run it again; the next install, uninstall or `doctor --fix` settles an edit that was cut short."
_NOTHING_BEGAN = b"mcpgw: interrupted before anything was done\n  next: Run it again.\n"


def leave_at_once() -> None:
    """From here on Ctrl-C ends the process where it is: nothing has been begun that would have to be cleaned up.

    Where whoever started it has Ctrl-C ignored (`nohup`, a job in the background) it stays ignored.
    """
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _leave)
    sys.unraisablehook = _unraisable


def unwind() -> None:
    """From here on Ctrl-C raises KeyboardInterrupt. Only after `leave_at_once`: else the signal is somebody else's."""
    if _signal.getsignal(_signal.SIGINT) is _leave:
        _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def ignore() -> None:
    """From here on the outcome stands: what is left is the interpreter's own end."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)


def end() -> NoReturn:
    """Ends the process as interrupted, from wherever it is; the next command settles what is open."""
    os.write(2, f"mcpgw: {MESSAGE}\n  next: {NEXT_STEP}\n".encode())
    os._exit(EXIT_CODE)


def _leave(number: int, frame: object) -> NoReturn:
    os.write(2, _NOTHING_BEGAN)
    os._exit(EXIT_CODE)


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    """An interrupt in the middle of a finalizer cannot be raised, and must not be lost."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        end()
    sys.__unraisablehook__(unraisable)
