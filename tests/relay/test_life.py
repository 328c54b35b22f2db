"""One process and its pipes: nothing of them stays open."""

from __future__ import annotations

import os
import sys

import pytest

from mcpgw.relay.child import confirm_start, reap, release, spawn
from mcpgw.relay.life import Life


def _started(code: str) -> Life:
    argv = [sys.executable, "-I", "-S", "-c", code]
    child = spawn(argv)
    confirm_start(child, argv[0])
    return Life(child, 1024)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.mark.requirement("respawn.many")
def test_a_buried_life_leaves_no_descriptor() -> None:
    before = os.listdir("/proc/self/fd")
    life = _started("import sys; sys.stdin.read()")
    assert life.input_open and life.status is None
    life.close_input()
    life.close_input()  # its client may leave as it ends
    assert not _is_open(life.child.stdin) and _is_open(life.child.stdout)
    assert os.read(life.child.stdout, 1) == b""
    release(life.child)
    life.bury()
    assert life.buried and os.listdir("/proc/self/fd") == before


def test_its_frames_are_its_own() -> None:
    life = _started("import os; os.write(1, b'one\\nhal')")
    assert life.framer.feed(os.read(life.child.stdout, 100)) == [b"one\n"]
    next_life = _started("import os; os.write(1, b'two\\n')")
    assert next_life.framer.feed(os.read(next_life.child.stdout, 100)) == [b"two\n"]
    assert life.framer.close() == [b"hal"]
    for each in (life, next_life):
        while reap(each.child) is None:
            os.read(each.child.stdout, 1)
        release(each.child)
        each.bury()
