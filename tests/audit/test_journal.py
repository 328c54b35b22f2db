"""A record is in the file, whole and chained, or `append` has raised and the file is as before."""

import json
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mcpgw.audit.chain import GENESIS, check
from mcpgw.audit.journal import HEAD_EVERY, Journal
from mcpgw.audit.verify import verify
from mcpgw.paths import StateLayout
from support.journals import DAY, NOON, body, closed_journal, write


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path))


def heads(layout: StateLayout) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(layout.heads_file).read_bytes().splitlines()]


def test_every_line_is_chained_to_the_one_before(layout: StateLayout) -> None:
    path = Path(closed_journal(layout, "i", 5))
    prev = GENESIS
    for line in path.read_bytes().splitlines(keepends=True):
        prev = check(line, prev)
    assert heads(layout)[-1] == {**heads(layout)[-1], "event": "close", "records": 5, "last_hash": prev}


def test_a_record_is_on_disk_when_append_returns(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    journal.append(body(1), now=NOON)
    assert json.loads(Path(layout.audit_dir, journal.file).read_bytes())["seq"] == 1
    assert journal.seq == 2
    journal.close(NOON)


def test_files_are_private(layout: StateLayout) -> None:
    path = closed_journal(layout, "i", 1)
    for file in (path, layout.heads_file):
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700


@pytest.mark.requirement("audit.heads-every-1000")
def test_a_head_counts_every_thousand_records(layout: StateLayout) -> None:
    closed_journal(layout, "i", HEAD_EVERY + 1)
    assert [(head["event"], head["records"]) for head in heads(layout)] == [
        ("open", 0),
        ("count", 1000),
        ("close", 1001),
    ]


@pytest.mark.requirement("audit.rotation")
def test_midnight_utc_starts_a_new_file_and_the_chain_goes_on(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 3)
    first = journal.file
    write(journal, 2, at=NOON + DAY)
    journal.close(NOON + DAY)
    second = journal.file
    assert (first, second) == ("2026-01-01/i.jsonl", "2026-01-02/i.jsonl")
    last = json.loads(Path(layout.audit_dir, first).read_bytes().splitlines()[-1])
    after = json.loads(Path(layout.audit_dir, second).read_bytes().splitlines()[0])
    assert after["prev"] == last["hash"] and after["seq"] == 4
    rotate = next(head for head in heads(layout) if head["event"] == "rotate")
    assert (rotate["file"], rotate["records"], rotate["next"]) == (first, 3, second)
    assert verify(layout).intact


def test_a_clock_that_goes_back_does_not_rotate(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    journal.append(body(1), now=NOON - 3 * DAY)
    journal.close(NOON)
    assert journal.file == "2026-01-01/i.jsonl"


@pytest.mark.requirement("audit.no-torn-line")
def test_a_short_write_is_undone_and_raised(layout: StateLayout) -> None:
    """The file size limit cuts a write as a full disk does: part of it goes in, and the next write fails whole."""
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 2)
    path = Path(layout.audit_dir, journal.file)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
        for _ in range(2):
            with pytest.raises(OSError, match="part of the record"):
                journal.append(body(3), now=NOON)
            assert path.read_bytes() == before
            assert journal.seq == 3
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    write(journal, 1)
    journal.close(NOON)
    assert verify(layout).intact


def test_a_rotation_that_fails_raises_and_is_tried_again(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 1)
    blocker = Path(layout.audit_dir, "2026-01-02")
    blocker.write_text("a file where the day's directory belongs")
    with pytest.raises(NotADirectoryError, match="directory"):
        journal.append(body(2), now=NOON + DAY)
    blocker.unlink()
    write(journal, 1, at=NOON + DAY)
    journal.close(NOON + DAY)
    assert verify(layout).intact and journal.file == "2026-01-02/i.jsonl"


def test_open_raises_where_nothing_can_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("not a directory")
    with pytest.raises(OSError, match="directory"):
        Journal.open(StateLayout(str(blocked)), "i", now=NOON)


def test_closing_twice_writes_one_head(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    journal.close(NOON)
    journal.close(NOON)
    assert [head["event"] for head in heads(layout)] == ["open", "close"]


@pytest.mark.requirement("audit.survives-kill")
def test_a_killed_writer_leaves_a_journal_that_verifies(layout: StateLayout) -> None:
    program = (
        "import sys, os\n"
        "from mcpgw.audit.journal import Journal\n"
        "from mcpgw.paths import StateLayout\n"
        "from support.journals import NOON, write\n"
        "journal = Journal.open(StateLayout(sys.argv[1]), 'i', now=NOON)\n"
        "write(journal, 50)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    killed = subprocess.run([sys.executable, "-c", program, layout.root], env=environ, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    report = verify(layout)
    assert report.intact and report.records == 50
