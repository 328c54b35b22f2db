"""Heads are chained across writers, one at a time, and half a line of a killed writer is owned up to by the next."""

import fcntl
import json
import os
from pathlib import Path

import pytest

from mcpgw.audit.chain import GENESIS, check
from mcpgw.audit.heads import TAIL_BYTES, Head, append_head
from mcpgw.audit.verify import verify
from mcpgw.paths import StateLayout
from support.journals import NOON


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    os.mkdir(tmp_path / "audit")
    return StateLayout(str(tmp_path))


def head(number: int = 0, **fields: object) -> Head:
    return Head("open", f"i{number}", f"2026-01-01/i{number}.jsonl", 0, GENESIS, **fields)  # type: ignore[arg-type]


def append(layout: StateLayout, value: Head) -> None:
    append_head(layout, value, now=NOON, wait_seconds=0)


def test_heads_are_numbered_and_chained(layout: StateLayout) -> None:
    for number in range(3):
        append(layout, head(number))
    prev = GENESIS
    for number, line in enumerate(Path(layout.heads_file).read_bytes().splitlines(keepends=True), 1):
        prev = check(line, prev)
        assert json.loads(line)["seq"] == number


def test_a_head_longer_than_the_read_window_is_followed(layout: StateLayout) -> None:
    append(layout, head(0, files=tuple(f"{n:08}.jsonl" for n in range(TAIL_BYTES))))
    append(layout, head(1))
    append(layout, head(2))
    last = json.loads(Path(layout.heads_file).read_bytes().splitlines()[-1])
    assert last["seq"] == 3


def test_a_busy_lock_ends_in_an_error(layout: StateLayout) -> None:
    with open(layout.heads_file, "wb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            append_head(layout, head(), now=NOON, wait_seconds=0.01)


@pytest.mark.parametrize("kept", [1, 100, -1], ids=["first byte", "half", "all but the newline"])
def test_a_torn_head_is_repaired_and_no_fault(layout: StateLayout, kept: int) -> None:
    append(layout, Head("prune", "", "2025-01-01", 0, GENESIS, files=("a.jsonl",)))
    whole = Path(layout.heads_file).read_bytes()
    append(layout, Head("prune", "", "2025-01-02", 0, GENESIS, files=("a.jsonl",)))
    lines = Path(layout.heads_file).read_bytes()
    second = lines[len(whole) :]
    torn = second[:kept]
    Path(layout.heads_file).write_bytes(whole + torn)
    assert verify(layout).intact
    append(layout, Head("prune", "", "2025-01-03", 0, GENESIS, files=("a.jsonl",)))
    repaired = Path(layout.heads_file).read_bytes().splitlines()
    assert repaired[1] == torn and json.loads(repaired[2])["torn"] == len(torn)
    assert verify(layout).intact


def test_a_last_line_that_is_no_head_does_not_stop_the_next_but_is_found(layout: StateLayout) -> None:
    Path(layout.heads_file).write_bytes(b"garbage\n")
    append(layout, Head("prune", "", "2025-01-01", 0, GENESIS))
    problems = verify(layout).problems
    assert [(each.file, each.line) for each in problems] == [("heads.jsonl", 1)]
