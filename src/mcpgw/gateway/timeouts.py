"""Until when the server may take: only methods that the policy gives a time-out have a deadline. Pure."""

from __future__ import annotations

from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.protocol.message import Message


class Deadline(NamedTuple):
    """at: monotonic seconds.  seconds: the method's time-out.  token: of its progress, if it wants any."""

    at: float
    seconds: int
    token: object


class Deadlines:
    """The deadlines of the requests that wait, by id (JSON text)."""

    def __init__(self) -> None:
        self._waiting: dict[str, Deadline] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def set(self, request: Message, seconds: int, now: float) -> None:
        meta = request.params.get("_meta")
        token = meta.get("progressToken") if isinstance(meta, dict) else None
        self._waiting[request.id_text or ""] = Deadline(now + seconds, seconds, token)

    def answered(self, request_id: str) -> None:
        self._waiting.pop(request_id, None)

    def progressed(self, token: object, now: float) -> None:
        """A sign of life: the request that it is about gets its whole time again."""
        if token is None:
            return
        for identity, each in self._waiting.items():
            if each.token == token and type(each.token) is type(token):
                self._waiting[identity] = each._replace(at=now + each.seconds)
                return

    def next(self) -> float | None:
        return min((each.at for each in self._waiting.values()), default=None)

    def overdue(self, now: float) -> dict[str, int]:
        """Takes out what should have been answered by now: id -> the seconds that it had."""
        late = {identity: each.seconds for identity, each in self._waiting.items() if each.at <= now}
        for identity in late:
            del self._waiting[identity]
        return late
