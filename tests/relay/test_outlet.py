"""A sink never blocks, and never changes a descriptor that others share."""

from __future__ import annotations

import fcntl
import os
import pty
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpgw.relay.outlet import HIGH_WATER_BYTES, inherited, own_pipe

BLOCK = b"x" * 65536


@pytest.fixture(params=["pipe", "socket", "pty"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """(to read, to write)."""
    if request.param == "pipe":
        pair = os.pipe()
    elif request.param == "pty":
        pair = pty.openpty()
        os.system(f"stty raw -echo < {os.ttyname(pair[1])}")
    else:
        left, right = socket.socketpair()
        pair = left.detach(), right.detach()
    yield pair
    for descriptor in pair:
        try:
            os.close(descriptor)
        except OSError:
            continue


def _flags(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_GETFL)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an outlet lives as long as the process
@pytest.mark.requirement("relay.inherited-descriptors")
def test_what_is_not_read_waits_and_arrives_in_order(ends: tuple[int, int]) -> None:
    reader, writer = ends
    before = _flags(writer)
    outlet = inherited(writer)
    sent = b"".join(bytes([65 + number % 26]) * 1000 for number in range(300))
    for start in range(0, len(sent), 1000):
        outlet.send(sent[start : start + 1000])
    assert outlet.queued > 0
    assert _flags(writer) == before
    got = b""
    while len(got) < len(sent):
        got += os.read(reader, 65536)
        outlet.flush()
    assert got == sent
    assert outlet.queued == 0


def test_is_crowded_over_its_mark() -> None:
    reader, writer = os.pipe()
    outlet = inherited(writer)
    while not outlet.crowded:
        outlet.send(BLOCK)
    assert outlet.queued > HIGH_WATER_BYTES
    os.close(reader)
    outlet.flush()
    assert (outlet.broken, outlet.queued, outlet.crowded) == (True, 0, False)
    outlet.send(BLOCK)
    assert outlet.queued == 0
    os.close(writer)


def test_a_file_takes_everything(tmp_path: Path) -> None:
    with open(tmp_path / "f", "wb") as file:
        inherited(file.fileno()).send(BLOCK)
    assert (tmp_path / "f").read_bytes() == BLOCK


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # as above
@pytest.mark.parametrize("ends", ["pipe", "socket"], indirect=True)
def test_a_reader_that_went_breaks_the_outlet(ends: tuple[int, int]) -> None:
    reader, writer = ends
    outlet = inherited(writer)
    os.close(reader)
    outlet.send(b"x")
    assert outlet.broken


def test_what_is_sent_to_a_closed_outlet_reaches_nobody() -> None:
    _, writer = os.pipe()
    os.set_blocking(writer, False)
    outlet = own_pipe(writer)
    while not outlet.queued:
        outlet.send(BLOCK)
    reader, other = os.pipe()
    outlet.close()
    os.dup2(other, writer)  # the number names another file now
    outlet.send(b"frame")
    outlet.flush()
    for descriptor in (other, writer):
        os.close(descriptor)
    assert os.read(reader, 10) == b""
    assert outlet.queued == 0
    os.close(reader)
