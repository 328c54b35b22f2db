"""The quick lane of a session, where it was built (see native/lane.c); elsewhere the session takes every frame."""

from __future__ import annotations

from mcpgw.protocol.methods import DISCOVER, FIRST_STATELESS_REVISION, INITIALIZE, TASK_ANSWERS, TOOLS_LIST
from mcpgw.protocol.pending import MAX_PENDING, Pending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from mcpgw._native import Lane
    from mcpgw.gateway.judging import Judge
    from mcpgw.protocol.pending import PendingTable

try:
    from mcpgw._native import Lane as _Lane
except ImportError:
    _Lane = None  # type: ignore[assignment,misc]

# The session keeps something of their answers, or reads more of them than their envelope.
_KEPT = TASK_ANSWERS | {INITIALIZE, DISCOVER, TOOLS_LIST}
NO_PARAMS = -1


def lane_for(judge: Judge, waiting: PendingTable, watched: AbstractSet[str]) -> Lane | None:
    """A lane that shares the table of the client's requests with the session; None where the session has to see all.

    watched: methods of which somebody else keeps something.
    """
    policy = judge.policy
    if _Lane is None or policy.record == "full":
        return None
    return _Lane(
        scan=judge.detector.matches,
        waiting=waiting.by_id,
        pending=Pending,
        slow=frozenset(_KEPT | watched),
        stateless_from=FIRST_STATELESS_REVISION.encode(),
        max_depth=policy.max_depth,
        most_waiting=MAX_PENDING,
        most_bytes=policy.max_frame_bytes,
        most_params=NO_PARAMS if policy.record == "metadata" else policy.max_params_bytes,
        enforces=policy.enforces,
    )
