"""What a client sends while its server is away: kept in order, within bounds, and never for long."""

from __future__ import annotations

from collections import deque

from mcpgw.audit.record import quote
from mcpgw.protocol.methods import PROGRESS
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.protocol.message import Message

# Clients give up after a minute or more: whoever waits here is told before that.
HOLD_SECONDS = 30
# Shorter than the time-out of any client, which progress starts anew where the client is built for that.
SIGN_SECONDS = 5
MAX_PARKED = 1_000
MAX_PARKED_BYTES = 4 * 1024 * 1024


class Parked(NamedTuple):
    """One frame for the server. ids: of the requests in it, as table keys.  until: monotonic seconds.

    tokens: JSON text of the progress tokens in it.
    """

    frame: bytes
    ids: tuple[str, ...]
    until: float
    tokens: tuple[str, ...]


class Parking:
    """Frames for a server that is not there."""

    def __init__(self) -> None:
        self._frames: deque[Parked] = deque()
        self._bytes = 0
        self._sign_at: float | None = None

    @property
    def full(self) -> bool:
        return len(self._frames) >= MAX_PARKED or self._bytes >= MAX_PARKED_BYTES

    def add(self, frame: bytes, requests: list[Message], now: float) -> None:
        """requests: those in the frame. Once it is full, notifications are dropped; requests are refused before."""
        if not requests and self.full:
            return
        tokens = tuple(token for request in requests if (token := _token_of(request)))
        ids = tuple(request.id or "" for request in requests)
        self._frames.append(Parked(frame, ids, now + HOLD_SECONDS, tokens))
        self._bytes += len(frame)
        if tokens and self._sign_at is None:
            self._sign_at = now + SIGN_SECONDS

    def ids(self) -> set[str]:
        """The requests that wait here."""
        return {identity for each in self._frames for identity in each.ids}

    def due(self) -> float | None:
        """When the first request has waited long enough, or hears that it still waits."""
        until = next((each.until for each in self._frames if each.ids), None)
        return min((at for at in (until, self._sign_at) if at is not None), default=None)

    def signs(self, now: float) -> list[bytes]:
        """Progress of the requests that asked for it, so that the client does not give them up meanwhile.

        It counts up to 0, so that whatever the server says of its own progress is more (it must rise).
        """
        if self._sign_at is None or now < self._sign_at:
            return []
        self._sign_at = now + SIGN_SECONDS
        return [_progress(token, now - each.until) for each in self._frames for token in each.tokens]

    def cancel(self, key: str) -> bool:
        """Throws away the frame of one request; False if it is not here, or not alone in its frame."""
        kept = [each for each in self._frames if each.ids != (key,)]
        found = len(kept) < len(self._frames)
        if found:
            self._keep(kept)
        return found

    def expired(self, now: float) -> list[str]:
        """Takes out what has waited too long: the ids of its requests. Notifications wait on: nobody waits for them."""
        late = [each for each in self._frames if each.ids and each.until <= now]
        if late:
            self._keep([each for each in self._frames if not each.ids or each.until > now])
        return [identity for each in late for identity in each.ids]

    def frames(self) -> tuple[Parked, ...]:
        return tuple(self._frames)

    def take(self) -> list[Parked]:
        """Everything, in the order in which it came."""
        frames = list(self._frames)
        self._keep([])
        return frames

    def _keep(self, frames: list[Parked]) -> None:
        self._frames = deque(frames)
        self._bytes = sum(len(each.frame) for each in frames)
        if not any(each.tokens for each in frames):
            self._sign_at = None


def _token_of(request: Message) -> str:
    """JSON text of its progress token, "" without one (a string or a whole number, as the specification has it)."""
    meta = request.params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, dict) else None
    if isinstance(token, str):
        return quote(token)
    return str(token) if isinstance(token, int) and not isinstance(token, bool) else ""


def _progress(token: str, progress: float) -> bytes:
    return (
        f'{{"jsonrpc":"2.0","method":"{PROGRESS}","params":{{"progressToken":{token},"progress":{progress:.3f},'
        f'"message":"mcpgw: the server is being restarted"}}}}\n'
    ).encode()
