"""A running client may write without its lock and from an older copy: one look, a second later, finds what it undid."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from mcpgw.errors import McpgwError, Partial
from mcpgw.installers.plan import FilePlan

# Claude Code's late writes came within a second of its start; waiting longer would be felt at every install.
LOOK_AFTER_SECONDS = 1.0
_LOOKS = 2

# Performs the file's plan again; a plan that changes nothing says that the edit still stands.
Again = Callable[[FilePlan], FilePlan]


def see_them_last(done: Iterable[FilePlan], running: frozenset[str], again: Again) -> None:
    """Looks after the edits of clients that run now (by name), and makes lost ones again. Raises Partial.

    One wait for all files, and a second one only where an edit had been lost.
    """
    watched = [plan for plan in done if plan.file.client in running]
    for _ in range(_LOOKS):
        if not watched:
            return
        time.sleep(LOOK_AFTER_SECONDS)
        watched = [plan for plan in watched if _was_lost(plan, again)]
    if watched:
        raise Partial(
            f"a running client wrote over the edit of {', '.join(plan.file.path for plan in watched)}",
            "Close the client and run it again.",
        )


def _was_lost(plan: FilePlan, again: Again) -> bool:
    """A change of other content than was agreed to is the user's own, and no loss."""
    with suppress(McpgwError):
        return again(plan).changed
    return False
