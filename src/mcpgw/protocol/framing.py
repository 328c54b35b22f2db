"""Bytes to frames, in linear time and bounded memory: one frame is one line, ended by LF and nothing else."""

from __future__ import annotations

from mcpgw.values import NamedTuple

DEFAULT_MAX_FRAME_BYTES = 64 * 1024 * 1024
# What is kept of an over-long frame: enough to read an id that stands where peers put it.
OVERSIZE_HEAD_BYTES = 64 * 1024


class Oversize(NamedTuple):
    """A frame longer than the cap. head: its first bytes; the rest is thrown away as it comes."""

    head: bytes


class Framer:
    """Collects chunks into frames. A frame holds its line ending, so that it can be forwarded as it came."""

    __slots__ = ("_discarding", "_held", "_max_bytes", "_parts")

    def __init__(self, max_bytes: int = DEFAULT_MAX_FRAME_BYTES) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._held = 0
        self._discarding = False

    @property
    def idle(self) -> bool:
        """Whether the next byte begins a frame."""
        return not self._parts and not self._discarding

    def feed(self, chunk: bytes) -> list[bytes | Oversize]:
        """The frames that `chunk` completes, in order. An over-long one is reported when it crosses the cap."""
        frames: list[bytes | Oversize] = []
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._finish(chunk[start : end + 1], frames)
            start = end + 1
        if start < len(chunk):
            self._hold(chunk[start:] if start else chunk, frames)
        return frames

    def close(self) -> list[bytes | Oversize]:
        """The unterminated last line, if there is one."""
        rest = b"".join(self._parts)
        self._parts, self._held = [], 0
        return [rest] if rest else []

    def _finish(self, part: bytes, frames: list[bytes | Oversize]) -> None:
        if self._discarding:
            self._discarding = False
            return
        if not self._parts and len(part) <= self._max_bytes:
            frames.append(part)
            return
        self._parts.append(part)
        whole = b"".join(self._parts)
        self._parts, self._held = [], 0
        frames.append(whole if len(whole) <= self._max_bytes else Oversize(whole[:OVERSIZE_HEAD_BYTES]))

    def _hold(self, part: bytes, frames: list[bytes | Oversize]) -> None:
        if self._discarding:
            return
        self._parts.append(part)
        self._held += len(part)
        if self._held > self._max_bytes:
            frames.append(Oversize(b"".join(self._parts)[:OVERSIZE_HEAD_BYTES]))
            self._parts, self._held, self._discarding = [], 0, True
