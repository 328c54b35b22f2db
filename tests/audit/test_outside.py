"""What is printed to be kept elsewhere vouches for everything that was here when it was printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcpgw.audit.journal import HEAD_EVERY, Journal
from mcpgw.audit.outside import Lookout, follow
from mcpgw.audit.retention import prune
from mcpgw.paths import StateLayout
from support.journals import DAY, NOON, closed_journal, write


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path))


def lookout(layout: StateLayout) -> Lookout:
    return Lookout(layout, clock=lambda: NOON)


def last(layout: StateLayout, file: str) -> bytes:
    return Path(layout.audit_dir, file).read_bytes().splitlines()[-1]


@pytest.mark.requirement("audit.heads-outside")
def test_the_last_head_and_what_no_head_counts(layout: StateLayout) -> None:
    closed_journal(layout, "done", 2)
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, HEAD_EVERY + 5)
    head, seen = lookout(layout).look()
    assert head == Path(layout.heads_file).read_bytes().splitlines()[-1]
    assert json.loads(seen) == {
        "v": 1,
        "at": NOON,
        "event": "seen",
        "instance": "i",
        "file": journal.file,
        "records": HEAD_EVERY + 5,
        "last_hash": json.loads(last(layout, journal.file))["hash"],
    }
    journal.close(NOON)
    assert [json.loads(line)["event"] for line in lookout(layout).look()] == ["close"]


def test_what_a_killed_gateway_left_is_counted_too(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 3)
    path = Path(layout.audit_dir, journal.file)
    path.write_bytes(path.read_bytes()[:-10])
    _, seen = lookout(layout).look()
    assert json.loads(seen)["records"] == 2
    journal.close(NOON)


def test_following_shows_each_head_and_each_step_once(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    watch = lookout(layout)
    assert [json.loads(line)["event"] for line in watch.look()] == ["open"]
    steps = iter([lambda: write(journal, 2), lambda: None, lambda: write(journal, 1), lambda: journal.close(NOON)])

    def wait() -> bool:
        step = next(steps, None)
        if step is not None:
            step()
        return step is not None

    shown = [json.loads(line) for line in follow(watch, wait)]
    assert [(line["event"], line["records"]) for line in shown] == [("seen", 2), ("seen", 3), ("close", 3)]


def test_what_was_pruned_or_never_there_is_passed_over(layout: StateLayout) -> None:
    assert lookout(layout).look() == []
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 1)
    write(journal, 1, at=NOON + DAY)
    prune(layout, keep_days=1, now=NOON + 30 * DAY)  # the day before; the other one is written to
    assert [json.loads(line)["event"] for line in lookout(layout).look()] == ["prune", "seen"]
    journal.close(NOON + DAY)
