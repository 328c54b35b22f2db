"""Which state directory this command line works on."""

from __future__ import annotations

import os

from mcpgw.config.root import state_root
from mcpgw.paths import StateLayout


def layout() -> StateLayout:
    """The layout below MCPGW_HOME or the platform's data directory."""
    return StateLayout(state_root(os.environ))
