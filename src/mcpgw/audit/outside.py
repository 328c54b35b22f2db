"""What is worth keeping elsewhere: each head as it lies in heads.jsonl, and how far the journals have come since.

The last head vouches for all before it. A journal that was not closed can have up to a thousand records that no head
counts; a `seen` line counts them. It is no head: it is chained to nothing and stands in no file here.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mcpgw.audit.days import SUFFIX
from mcpgw.audit.heads import HEAD_VERSION, SEEN
from mcpgw.audit.witness import Witness, head_of, parse
from mcpgw.paths import StateLayout


@dataclass(slots=True)
class _Way:
    """How far a file was read."""

    offset: int = 0
    records: int = 0


class Lookout:
    """Looks again and again at how far heads and journals have come."""

    def __init__(self, layout: StateLayout, clock: Callable[[], float] = time.time) -> None:
        self._layout = layout
        self._clock = clock
        self._witness = Witness()
        self._heads = _Way()
        self._first = True
        self._journals: dict[str, _Way] = {}

    def look(self) -> list[bytes]:
        """The heads since the last look (the first time only the last one), then `seen` lines. Raises OSError."""
        first, self._first = self._first, False
        heads = list(_new_lines(self._layout.heads_file, self._heads))
        for line in heads:
            fields = parse(line)
            head = None if fields is None else head_of(fields)
            if head is not None:
                self._witness.note(head)
        return [*(heads[-1:] if first else heads), *self._seen()]

    def _seen(self) -> Iterator[bytes]:
        for file, expected in self._witness.journals.items():
            if expected.finished or file in self._witness.pruned:
                continue
            way = self._journals.setdefault(file, _Way())
            last = b""
            for line in _new_lines(f"{self._layout.audit_dir}/{file}", way):
                way.records, last = way.records + 1, line
            if last and way.records > expected.counted:
                yield self._line(file, way.records, (parse(last) or {}).get("hash"))

    def _line(self, file: str, records: int, last_hash: object) -> bytes:
        fields = {
            "v": HEAD_VERSION,
            "at": self._clock(),
            "event": SEEN,
            "instance": os.path.basename(file).removesuffix(SUFFIX),
            "file": file,
            "records": records,
            "last_hash": last_hash,
        }
        return json.dumps(fields, separators=(",", ":")).encode()


def follow(lookout: Lookout, wait: Callable[[], bool]) -> Iterator[bytes]:
    """What each further look shows. `wait` sleeps until the next one; False ends it."""
    while wait():
        yield from lookout.look()


def _new_lines(path: str, way: _Way) -> Iterator[bytes]:
    """The complete lines behind `way.offset`, without their ends; none where the file is not there."""
    try:
        source = open(path, "rb")  # noqa: SIM115 - closed by the with below
    except FileNotFoundError:
        return
    with source:
        source.seek(way.offset)
        for line in source:
            if not line.endswith(b"\n"):
                return
            way.offset += len(line)
            yield line[:-1]
