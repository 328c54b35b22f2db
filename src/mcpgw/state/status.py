"""The status record of an instance: one fixed page of 8-byte words and three texts. Pure: bytes in, values out.

The writer maps the page and keeps the sequence word odd while it writes; a reader copies the page and believes it
only when the word was even and the same before and after. Killing the writer leaves the page as it was.
"""

from __future__ import annotations

import json
import struct

from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

RECORD_BYTES = 8192  # two pages: room for the words, the histogram and a long working directory
MAGIC = b"mcpgwst\n"
VERSION = 1
MICROSECONDS = 1_000_000

STATES = ("starting", "ready", "degraded", "backoff", "failed", "stopping", "stopped")
DIRECTIONS = ("to_server", "to_client")
TYPES = ("request", "notification", "result", "error", "broken")
COUNTERS = (
    "calls",
    "errors",
    "alerts",
    "blocked",
    "redacted",
    "refused",
    "dropped",
    "bytes_to_server",
    "bytes_to_client",
    "restarts",
)

# Word indices (8 bytes each, native order: the page never leaves this machine).
MAGIC_WORD, VERSION_WORD, SEQUENCE, PID, PID_START, STARTED, UPDATED, STATE = range(8)
MESSAGE_CELLS = {
    (direction, kind): 8 + row * len(TYPES) + column
    for row, direction in enumerate(DIRECTIONS)
    for column, kind in enumerate(TYPES)
}
COUNTER_CELLS = {name: 18 + position for position, name in enumerate(COUNTERS)}
ERROR_AT = 28
STATE_SINCE = 29
HISTOGRAM = 32
BUCKETS = 116  # up to 18 minutes: a latency is a server's time to answer
SEQUENCE_OFFSET = SEQUENCE * 8

# The counter that a decision adds to; "allow" and "log" add to none.
DECISION_CELLS = {
    "alert": COUNTER_CELLS["alerts"],
    "redact": COUNTER_CELLS["redacted"],
    "block": COUNTER_CELLS["blocked"],
    "refuse": COUNTER_CELLS["refused"],
    "drop": COUNTER_CELLS["dropped"],
}
BYTES_CELLS = {direction: COUNTER_CELLS[f"bytes_{direction}"] for direction in DIRECTIONS}


class Region(NamedTuple):
    """A text in the page: a 4-byte length, then at most `size - 4` bytes of UTF-8."""

    offset: int
    size: int

    def pack(self, page: Any, content: bytes) -> None:
        """Writes `content`, cut to what fits, into a writable buffer."""
        kept = content[: self.size - 4]
        struct.pack_into("=I", page, self.offset, len(kept))
        page[self.offset + 4 : self.offset + 4 + len(kept)] = kept

    def unpack(self, page: bytes) -> bytes:
        """The text's bytes; a length that cannot be (a torn page) is cut to the region."""
        (length,) = struct.unpack_from("=I", page, self.offset)
        return page[self.offset + 4 : self.offset + 4 + min(length, self.size - 4)]


IDENTITY = Region(1280, 4864)
ERROR = Region(6144, 1536)
REASON = Region(7680, 512)


class StatusRecord(NamedTuple):
    """What an instance says about itself. Times are epoch seconds; `histogram` counts latencies in microseconds."""

    pid: int
    pid_start: int
    started_at: float
    updated_at: float
    state: str
    state_since: float
    reason: str
    messages: Mapping[tuple[str, str], int]
    counters: Mapping[str, int]
    histogram: tuple[int, ...]
    identity: Mapping[str, Any]
    error_at: float | None
    error: str


class UnknownRecord(ValueError):
    """The bytes are no status record that this version can read; the message says why."""


def bucket(microseconds: int) -> int:
    """The histogram bucket of a latency: exact below 4 us, then four to each doubling, the last one open."""
    if microseconds < 4:
        return max(microseconds, 0)
    octave = microseconds.bit_length() - 1
    return min((octave - 1) * 4 + ((microseconds >> (octave - 2)) & 3), BUCKETS - 1)


def bucket_ceiling(index: int) -> int:
    """The largest latency in microseconds that falls into a bucket (the last one's is nominal)."""
    if index < 4:
        return index
    octave, part = divmod(index, 4)
    return ((part + 5) << (octave - 1)) - 1


def percentile(histogram: Sequence[int], q: float) -> int | None:
    """The latency in microseconds (upper edge of its bucket, at most 25 % over) that a share `q` in 0..1 stays within.

    None for an empty histogram.
    """
    total = sum(histogram)
    if total == 0:
        return None
    wanted = max(q * total, 1)
    seen = 0
    for index, count in enumerate(histogram):
        seen += count
        if seen >= wanted:
            return bucket_ceiling(index)
    return bucket_ceiling(len(histogram) - 1)


def encode_identity(identity: Mapping[str, Any]) -> bytes:
    """The identity as JSON that fits its region; long texts are cut harder until it does."""
    for cap in (1024, 256, 64, 16):
        cut = {key: value[:cap] if isinstance(value, str) else value for key, value in identity.items()}
        encoded = json.dumps(cut, ensure_ascii=False).encode("utf-8", "backslashreplace")
        if len(encoded) <= IDENTITY.size - 4:
            return encoded
    return b"{}"


def decode(page: bytes) -> StatusRecord:
    """The record in a copied page. Raises UnknownRecord for foreign bytes or a newer version."""
    if len(page) < RECORD_BYTES or page[: len(MAGIC)] != MAGIC:
        raise UnknownRecord("not a status record")
    words = struct.unpack_from(f"={HISTOGRAM + BUCKETS}Q", page)
    if words[VERSION_WORD] != VERSION:
        raise UnknownRecord(f"status record of format {words[VERSION_WORD]}; this mcpgw reads format {VERSION}")
    state = words[STATE]
    return StatusRecord(
        pid=words[PID],
        pid_start=words[PID_START],
        started_at=words[STARTED] / MICROSECONDS,
        updated_at=words[UPDATED] / MICROSECONDS,
        state=STATES[state] if state < len(STATES) else "unknown",
        state_since=words[STATE_SINCE] / MICROSECONDS,
        reason=_text(REASON.unpack(page)),
        messages={key: words[cell] for key, cell in MESSAGE_CELLS.items()},
        counters={name: words[cell] for name, cell in COUNTER_CELLS.items()},
        histogram=words[HISTOGRAM : HISTOGRAM + BUCKETS],
        identity=_identity(IDENTITY.unpack(page)),
        error_at=words[ERROR_AT] / MICROSECONDS if words[ERROR_AT] else None,
        error=_text(ERROR.unpack(page)),
    )


def _text(content: bytes) -> str:
    return content.decode("utf-8", "ignore")


def _identity(content: bytes) -> Mapping[str, Any]:
    try:
        identity = json.loads(content)
    except ValueError:
        return {}
    return identity if isinstance(identity, dict) else {}
