"""Which requests wait for an answer, per direction: an answer that nobody waits for is never forwarded."""

from __future__ import annotations

from mcpgw.values import NamedTuple

# More unanswered requests than any client keeps; past it a request is refused, so that the table stays bounded.
MAX_PENDING = 10_000


class Pending(NamedTuple):
    """One request on its way. id_text: the id as it stood in the frame.  stateless: it came in the 2026-07-28 form."""

    id_text: str
    method: str
    tool: str | None
    stateless: bool
    since: float


class PendingTable:
    """Outstanding requests of one direction, by typed id."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[str, Pending] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, key: str) -> bool:
        return key in self._waiting

    @property
    def by_id(self) -> dict[str, Pending]:
        """The table itself, for who keeps it in the session's place (gateway/lane.py)."""
        return self._waiting

    def ids(self) -> list[str]:
        """The keys that wait, in the order in which they were asked."""
        return list(self._waiting)

    @property
    def full(self) -> bool:
        return len(self._waiting) >= MAX_PENDING

    def add(self, key: str, request: Pending) -> None:
        """Notes a request that is being forwarded. The caller has made sure that `key` is not outstanding."""
        self._waiting[key] = request

    def get(self, key: str) -> Pending | None:
        return self._waiting.get(key)

    def settle(self, key: str | None) -> Pending | None:
        """Takes the request out that `key` answers; None if nobody waits for it."""
        return None if key is None else self._waiting.pop(key, None)

    def settle_any(self, keys: tuple[str, ...], *, unreadable: bool) -> list[Pending]:
        """Takes out what any reading of a broken answer could mean.

        unreadable: no id could be read where an id stands; then it can only be meant for the one that waits.
        """
        settled = [request for key in keys if (request := self._waiting.pop(key, None)) is not None]
        if not settled and unreadable and len(self._waiting) == 1:
            settled = list(self._waiting.values())
            self._waiting.clear()
        return settled

    def settle_all(self) -> list[Pending]:
        """Takes out everything, in the order in which it was asked."""
        waiting = list(self._waiting.values())
        self._waiting.clear()
        return waiting
