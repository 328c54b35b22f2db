"""Days go whole and oldest first, the heads say so, and a live journal stays."""

import json
import os
from pathlib import Path

import pytest

from mcpgw.audit.journal import Journal
from mcpgw.audit.retention import prune, prune_logs, upkeep, usage
from mcpgw.audit.verify import verify
from mcpgw.paths import StateLayout
from support.journals import DAY, NOON, closed_journal, write


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    """Journals of 2026-01-01 to 2026-01-05, two a day."""
    layout = StateLayout(str(tmp_path))
    for day in range(5):
        for instance in ("a", "b"):
            closed_journal(layout, f"{instance}{day}", 3, at=NOON + day * DAY)
    return layout


def left(layout: StateLayout) -> list[str]:
    return sorted(name for name in os.listdir(layout.audit_dir) if name.startswith("2026"))


@pytest.mark.requirement("audit.prune")
def test_old_days_go_and_verify_does_not_cry_tamper(layout: StateLayout) -> None:
    report = prune(layout, keep_days=2, now=NOON + 4 * DAY)
    assert report.days == ("2026-01-01", "2026-01-02") and report.files == 4
    assert left(layout) == ["2026-01-03", "2026-01-04", "2026-01-05"]
    assert report.kept_bytes == usage(layout) and report.freed_bytes > 0
    verified = verify(layout)
    assert verified.intact and verified.pruned == 4
    last = json.loads(Path(layout.heads_file).read_bytes().splitlines()[-1])
    assert (last["event"], last["file"], last["files"]) == ("prune", "2026-01-02", ["a1.jsonl", "b1.jsonl"])


def test_the_oldest_go_until_the_rest_fits(layout: StateLayout) -> None:
    total = usage(layout)
    report = prune(layout, max_bytes=total * 7 // 10, now=NOON + 4 * DAY)
    assert report.days == ("2026-01-01", "2026-01-02")
    assert report.near_cap, "three fifths of the bytes are over 80 % of seven tenths of them"


def test_today_stays_whatever_the_cap(layout: StateLayout) -> None:
    prune(layout, max_bytes=0, keep_days=1, now=NOON + 4 * DAY)
    assert left(layout) == ["2026-01-05"]


def test_a_day_that_a_live_instance_writes_to_stays(layout: StateLayout) -> None:
    journal = Journal.open(layout, "live", now=NOON)
    write(journal, 1)
    report = prune(layout, keep_days=2, now=NOON + 4 * DAY)
    assert report.held == ("2026-01-01",) and report.days == ("2026-01-02",)
    journal.close(NOON)
    assert prune(layout, keep_days=2, now=NOON + 4 * DAY).days == ("2026-01-01",)


def test_a_dry_run_changes_nothing(layout: StateLayout) -> None:
    heads = Path(layout.heads_file).read_bytes()
    report = prune(layout, keep_days=1, now=NOON + 4 * DAY, dry_run=True)
    assert len(report.days) == 3 and len(left(layout)) == 5
    assert Path(layout.heads_file).read_bytes() == heads


def test_a_crash_between_head_and_deletion_is_no_fault(layout: StateLayout) -> None:
    saved = Path(layout.audit_dir, "2026-01-01", "a0.jsonl")
    content = saved.read_bytes()
    prune(layout, keep_days=3, now=NOON + 4 * DAY)
    saved.parent.mkdir()
    saved.write_bytes(content)
    assert verify(layout).intact
    assert prune(layout, keep_days=3, now=NOON + 4 * DAY).days == ("2026-01-01",)


def test_foreign_files_are_left_alone(layout: StateLayout) -> None:
    foreign = Path(layout.audit_dir, "2026-01-01", "notes.txt")
    foreign.write_text("mine")
    prune(layout, keep_days=1, now=NOON + 4 * DAY)
    assert foreign.read_text() == "mine"


def test_nothing_to_prune_in_an_empty_state(tmp_path: Path) -> None:
    report = prune(StateLayout(str(tmp_path)), now=NOON)
    assert (report.days, report.kept_bytes, report.near_cap) == ((), 0, False)


@pytest.mark.requirement("audit.cap-upkeep")
def test_upkeep_runs_once_a_day(layout: StateLayout) -> None:
    later = NOON + 200 * DAY
    first = upkeep(layout, now=later)
    assert first is not None and len(first.days) == 5
    assert upkeep(layout, now=later + 60) is None
    assert upkeep(layout, now=later + DAY) is not None


def test_old_logs_go(layout: StateLayout) -> None:
    os.mkdir(layout.log_dir)
    for name in ("2025-11-01.jsonl", "2026-01-01.jsonl", "notes.txt"):
        Path(layout.log_dir, name).touch()
    assert prune_logs(layout, now=NOON) == ("2025-11-01.jsonl",)
    assert sorted(os.listdir(layout.log_dir)) == ["2026-01-01.jsonl", "notes.txt"]
    assert prune_logs(StateLayout(layout.root + "/none"), now=NOON) == ()


@pytest.mark.requirement("audit.cap-upkeep")
def test_upkeep_without_an_audit_directory_is_nothing_to_do(tmp_path: Path) -> None:
    assert upkeep(StateLayout(str(tmp_path)), now=1e9) is None
    assert list(tmp_path.iterdir()) == []
