"""What a request of the client's is refused for before it is judged: the server is gone for good, or is another one."""

from __future__ import annotations

from functools import partial

from mcpgw.audit.record import deed
from mcpgw.gateway import answers
from mcpgw.gateway.answers import Code
from mcpgw.gateway.effects import ToClient
from mcpgw.gateway.lifecycle import FAILED
from mcpgw.gateway.waiting import DOWN
from mcpgw.protocol.methods import TOOLS_CALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.gateway.answers import Refusal
    from mcpgw.gateway.effects import Effect
    from mcpgw.gateway.lifecycle import Lifecycle
    from mcpgw.gateway.parking import Parking
    from mcpgw.protocol.pending import Pending

REFUSED = "request/refused"  # in the journal; no frame has it
GIVEN_UP, CHANGED, RESTARTED = "server-failed", "server-changed", "server-restarted"


class Gate:
    """connected: a server takes requests.  untold: the next call hears that the server was restarted.

    differences: for which calls are refused, "" for none.
    """

    def __init__(self, lifecycle: Lifecycle, parking: Parking) -> None:
        self._lifecycle = lifecycle
        self._parking = parking
        self.connected = True
        self.untold = False
        self.differences = ""

    @property
    def wide_open(self) -> bool:
        """Whether nobody needs to ask it."""
        return self.connected and not self.untold and not self.differences

    def refuses(self, request: Pending) -> Refusal | None:
        """The code, rule and words for a refusal; None: it may pass."""
        if self._lifecycle.state == FAILED:
            return self.failure
        if not self.connected and self._parking.full:
            return Code.SERVER_DOWN, DOWN, answers.too_many_waiting
        if request.method != TOOLS_CALL:
            return None
        if self.differences:
            return self.hold
        if self.untold:
            self.untold = False
            return Code.SERVER_DOWN, RESTARTED, answers.restarted_before
        return None

    @property
    def failure(self) -> Refusal:
        return Code.SERVER_DOWN, GIVEN_UP, partial(answers.server_failed, self._lifecycle.reason)

    @property
    def hold(self) -> Refusal:
        return Code.APPROVAL, CHANGED, partial(answers.server_differs, self.differences)


def refuse(requests: list[Pending], refusal: Refusal, reference: Callable[[], str]) -> list[Effect]:
    """For what was let pass before there was a reason to refuse it, and has gone nowhere."""
    code, rule, words = refusal
    effects: list[Effect] = []
    for request in requests:
        ref = reference()
        answer = answers.refusal(request, code, words(ref), rule=rule, ref=ref)
        effects += [deed(REFUSED, "refuse", f"{request.method}: {rule}", ref), ToClient(answer)]
    return effects
