"""What a person asks of a running instance: one small file, and a byte in its FIFO so that it looks there."""

from __future__ import annotations

import os

from mcpgw.files import read_bytes, write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.paths import StateLayout

RESTART = b"restart"


def ask_restart(layout: StateLayout, instance: str) -> None:
    """Asks for a new start of the instance's server. Raises OSError; ENXIO when the instance is gone."""
    write_atomic(layout.control_file(instance), b"%s %s\n" % (RESTART, os.urandom(8).hex().encode()))
    wake = os.open(f"{layout.instance_dir(instance)}/wake", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.write(wake, b"\n")
    finally:
        os.close(wake)


class Control:
    """The instance's side. Every request is another content, so each is seen once."""

    def __init__(self, layout: StateLayout, instance: str) -> None:
        self._path = layout.control_file(instance)
        self._seen = b""

    def restart_asked(self) -> bool:
        """Whether a new start was asked for since the last look."""
        try:
            content = read_bytes(self._path)
        except OSError:
            return False
        if content == self._seen:
            return False
        self._seen = content
        return content.startswith(RESTART + b" ")
