"""Filters, the newest lines, and following; what is no whole record is passed over."""

import os
from pathlib import Path
from typing import Any

import pytest

from mcpgw.audit.journal import Journal
from mcpgw.audit.query import Query, follow, journal_ends, latest, read
from mcpgw.paths import StateLayout
from support.journals import DAY, NOON, body, closed_journal, write


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path))


def seqs(layout: StateLayout, **wanted: Any) -> list[int]:
    return [line.record["seq"] for line in read(layout, Query(**wanted))]


@pytest.mark.requirement("audit.filters")
@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [1, 2, 3, 4]),
        ({"server": "git"}, [2]),
        ({"server": "claude-code:user:fs"}, [1, 2, 3, 4]),
        ({"tool": "write"}, [3]),
        ({"direction": "to_client"}, [4]),
        ({"blocked": True}, [3, 4]),
        ({"since": NOON + 2}, [3, 4]),
        ({"since": NOON + 2, "direction": "to_server"}, [3]),
        ({"since": NOON + DAY}, []),
    ],
)
def test_filters(layout: StateLayout, wanted: dict[str, Any], expected: list[int]) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    fields: list[dict[str, Any]] = [
        {},
        {"server": "git"},
        {"tool": "write", "decision": "block"},
        {"direction": "to_client", "decision": "refuse"},
    ]
    for step, each in enumerate(fields):
        journal.append(body(step + 1, NOON + step, **each), now=NOON + step)
    journal.close(NOON)
    assert seqs(layout, **wanted) == expected


def test_lines_that_are_no_records_are_passed_over(layout: StateLayout) -> None:
    path = Path(closed_journal(layout, "i", 2))
    path.write_bytes(b"garbage\n[1]\n" + b"[" * 5000 + b"\n" + path.read_bytes() + b'{"seq":3')
    assert seqs(layout) == [1, 2]


def test_the_newest_lines_come_oldest_first(layout: StateLayout) -> None:
    closed_journal(layout, "a", 3, at=NOON + 0.5)
    closed_journal(layout, "b", 3)
    newest = latest(read(layout, Query()), 4)
    assert [line.at - NOON for line in newest] == [1, 1.5, 2, 2.5]


def test_a_record_without_a_time_is_the_oldest(layout: StateLayout) -> None:
    path = Path(closed_journal(layout, "a", 1))
    path.write_bytes(b'{"seq":9,"at":"late"}\n' + path.read_bytes())
    assert [line.at for line in latest(read(layout, Query()), 5)] == [0.0, NOON]


@pytest.mark.requirement("audit.follow")
def test_following_shows_what_is_added_once_and_whole(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 2)
    path = Path(layout.audit_dir, journal.file)
    ends = journal_ends(layout)

    def half_a_line() -> None:
        with path.open("ab") as file:
            file.write(b'{"seq":4,')

    def the_other_half_and_a_new_journal() -> None:
        with path.open("ab") as file:
            file.write(b'"tool":"late"}\n')
        closed_journal(layout, "j", 1, at=NOON + DAY, tool="new")

    steps = iter([lambda: write(journal, 1), half_a_line, the_other_half_and_a_new_journal])

    def wait() -> bool:
        step = next(steps, None)
        if step:
            step()
        return step is not None

    assert [line.record["tool"] for line in follow(layout, Query(), ends, wait)] == ["read", "late", "new"]
    assert [line.record["seq"] for line in read(layout, Query(), ends)] == [1, 2]
    journal.close(NOON)


def test_ends_stop_before_half_a_line(layout: StateLayout) -> None:
    path = Path(closed_journal(layout, "i", 2))
    whole = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"x" * 200_000)
    path.with_name("empty.jsonl").touch()
    path.with_name("torn.jsonl").write_bytes(b"{")
    assert journal_ends(layout) == {
        "2026-01-01/empty.jsonl": 0,
        "2026-01-01/i.jsonl": whole,
        "2026-01-01/torn.jsonl": 0,
    }


def test_a_journal_that_cannot_be_read_is_an_error(layout: StateLayout) -> None:
    os.makedirs(f"{layout.audit_dir}/2026-01-01/i.jsonl")
    with pytest.raises(IsADirectoryError):
        seqs(layout)
