"""A program that opens a file where it lies and writes it when it is told to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOCKS = Path("/proc/locks")
_WRITE = """
import sys
with open(sys.argv[1], sys.argv[2]) as file:
    print("open", flush=True)
    text = sys.stdin.buffer.read()
    if text:
        file.seek(0)
        file.truncate()
        file.write(text)
"""


class InPlaceWriter:
    """A program that opens the file at once, or waits for being let, and keeps it open until it is told what to do."""

    def __init__(self, said: IO[bytes], told: IO[bytes]) -> None:
        self._said = said
        self._told = told

    def await_open(self) -> None:
        assert self._said.readline() == b"open\n"

    def tell(self, content: bytes) -> None:
        """What it is to write when it has the file open."""
        self._told.write(content)
        self._told.close()

    def finish(self, content: bytes) -> None:
        """Returns when it has written and closed the file."""
        self.tell(content)
        assert self._said.read() == b""


@contextmanager
def opening(path: Path, mode: str = "wb") -> Iterator[InPlaceWriter]:
    """One that truncates the file as it opens it; at the end it has done what it was told, or is killed."""
    argv = [sys.executable, "-I", "-S", "-c", _WRITE, str(path), mode]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield InPlaceWriter(process.stdout, process.stdin)
        finally:
            if not process.stdin.closed:
                process.kill()
            process.stdout.read()


@contextmanager
def writing(path: Path) -> Iterator[InPlaceWriter]:
    """One that has the file open and has not written yet."""
    with opening(path, "r+b") as writer:
        writer.await_open()
        yield writer


def await_waiting(path: Path) -> None:
    """Returns when somebody waits for the end of the lease on the file."""
    inode = f":{path.stat().st_ino} "
    while not any("BREAKING" in line and inode in line for line in LOCKS.read_text().splitlines()):
        pass
