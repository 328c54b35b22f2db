"""One process in the server's place, from its start until its last byte was read: pipes, input line, end."""

from __future__ import annotations

import os

from mcpgw.protocol.framing import Framer
from mcpgw.relay.outlet import Outlet, own_pipe
from mcpgw.relay.shutdown import Shutdown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.relay.child import Child


class Life:
    """to_server: its stdin.  framer: of its stdout.  ending: who is told to stop, and when.

    status: None while it runs.  buried: all that it left was read, and its descriptors are closed.
    """

    __slots__ = ("buried", "child", "ending", "framer", "input_open", "status", "to_server")

    def __init__(self, child: Child, max_frame_bytes: int) -> None:
        self.child = child
        self.to_server: Outlet = own_pipe(child.stdin)
        self.framer = Framer(max_frame_bytes)
        self.ending = Shutdown()
        self.input_open = True
        self.status: int | None = None
        self.buried = False

    def close_input(self) -> None:
        if self.input_open:
            self.input_open = False
            self.to_server.close()

    def bury(self) -> None:
        """Closes what is left of it."""
        self.close_input()
        os.close(self.child.stdout)
        os.close(self.child.stderr)
        self.buried = True
