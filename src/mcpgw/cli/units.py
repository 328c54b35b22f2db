"""Numbers as people read them, and `--since` as people write it. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGO = re.compile(r"(\d+)\s*([smhdw])\Z")


def since(text: str, now: float) -> float:
    """Epoch seconds of `90s`, `15m`, `2h`, `3d`, `1w` before `now`, or of an ISO date or time.

    A time without a zone is UTC. Raises ValueError for anything else.
    """
    ago = _AGO.match(text.strip().lower())
    if ago:
        return now - int(ago[1]) * _SECONDS[ago[2]]
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def moment(at: float) -> str:
    """A time in UTC to the second, such as `2026-01-31 09:05:00Z`; "-" for one that no calendar holds."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "-"


def duration(seconds: float) -> str:
    """The two largest parts of a duration: `4s`, `3m 10s`, `2h 5m`, `6d 1h`."""
    left = max(int(seconds), 0)
    parts: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, _SECONDS[unit])
        if count or parts:
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0")) or "0s"


def latency(microseconds: int | None) -> str:
    """`85 us`, `1.2 ms`, `3.4 s`; "-" where nothing was measured."""
    if microseconds is None:
        return "-"
    if microseconds < 1000:
        return f"{microseconds} us"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1_000_000:.1f} s"


def size(count: int) -> str:
    """`512 B`, `1.5 KiB`, `3.0 GiB`."""
    if count < 1024:
        return f"{count} B"
    scaled = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        scaled /= 1024
        if scaled < 1024:
            return f"{scaled:.1f} {unit}"
    return f"{scaled / 1024:.1f} TiB"


def counted(count: int, noun: str) -> str:
    """`1 journal`, `2 journals`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
