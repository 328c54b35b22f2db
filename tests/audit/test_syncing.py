"""A record that has to be on the disk is there or does not count, and what a sync failed for is written anew."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mcpgw.audit.chain import seal
from mcpgw.audit.journal import Journal
from mcpgw.audit.verify import verify
from mcpgw.paths import StateLayout
from mcpgw.policy.rule import ALWAYS, GROUP, NEVER
from support.journals import DAY, NOON, body, write


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were synced, by name; a last entry "broken" makes every sync fail as a bad disk does."""
    synced: list[str] = []
    real = os.fdatasync

    def watched(descriptor: int) -> None:
        if synced[-1:] == ["broken"]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        real(descriptor)

    monkeypatch.setattr("os.fdatasync", watched)
    return synced


def opened(layout: StateLayout, fsync: str) -> Journal:
    journal = Journal.open(layout, "i", now=NOON)
    journal.settle(fsync)
    return journal


def content(layout: StateLayout, journal: Journal) -> bytes:
    return Path(layout.audit_dir, journal.file).read_bytes()


def test_never_asks_the_disk_for_nothing(layout: StateLayout, disk: list[str]) -> None:
    journal = opened(layout, NEVER)
    write(journal, 3)
    journal.close(NOON)
    assert disk == [] and journal.sync_due is None


@pytest.mark.requirement("audit.fsync-always")
def test_always_brings_each_record_to_the_disk_and_first_of_all_what_names_it(
    layout: StateLayout, disk: list[str]
) -> None:
    journal = opened(layout, ALWAYS)
    write(journal, 2)
    assert disk == ["heads.jsonl", "i.jsonl", "i.jsonl"]
    journal.close(NOON)
    assert disk[3:] == ["heads.jsonl", "i.jsonl"]


@pytest.mark.requirement("audit.fsync-group")
def test_group_brings_them_together_when_it_is_due(layout: StateLayout, disk: list[str]) -> None:
    journal = opened(layout, GROUP)
    write(journal, 1)
    first = journal.sync_due
    write(journal, 9)
    assert disk == [] and first is not None and journal.sync_due == first
    journal.sync()
    assert disk == ["heads.jsonl", "i.jsonl"] and journal.sync_due is None
    journal.sync()
    assert len(disk) == 2


def test_a_run_of_records_is_one_write_and_one_sync(layout: StateLayout, disk: list[str]) -> None:
    journal = opened(layout, ALWAYS)
    write(journal, 1)
    seq, prev = journal.place_for_run(NOON) or (0, "")
    first, digest = seal(body(seq), prev)
    second, digest = seal(body(seq + 1), digest)
    disk.append("broken")
    with pytest.raises(OSError, match="Input/output"):
        journal.append_run(first + second, 2, digest, now=NOON)
    assert journal.place_for_run(NOON) == (seq, prev)
    disk[:] = []
    journal.append_run(first + second, 2, digest, now=NOON)
    assert disk == ["i.jsonl"]
    journal.close(NOON)
    assert verify(layout).intact and verify(layout).records == 3


def test_a_head_counts_only_what_is_on_the_disk(layout: StateLayout, disk: list[str]) -> None:
    journal = opened(layout, GROUP)
    write(journal, 1)
    write(journal, 1, at=NOON + DAY)  # the head of the rotation
    assert disk == ["heads.jsonl", "i.jsonl"]
    journal.close(NOON + DAY)
    assert verify(layout).intact


@pytest.mark.requirement("audit.fsync-failure")
def test_a_record_that_the_disk_does_not_take_does_not_count(layout: StateLayout, disk: list[str]) -> None:
    journal = opened(layout, ALWAYS)
    write(journal, 2)
    before = content(layout, journal)
    disk.append("broken")
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output"):
            journal.append(body(3), now=NOON)
        assert content(layout, journal) == before and journal.seq == 3
    disk.pop()
    write(journal, 1)
    journal.close(NOON)
    assert verify(layout).intact and verify(layout).records == 3


@pytest.mark.requirement("audit.fsync-failure")
def test_after_a_group_that_failed_nothing_counts_until_it_is_on_the_disk(layout: StateLayout, disk: list[str]) -> None:
    journal = opened(layout, GROUP)
    write(journal, 3)
    whole = content(layout, journal)
    disk.append("broken")
    with pytest.raises(OSError, match="Input/output"):
        journal.sync()
    # As a kernel that dropped the pages: what is read back is not what was written.
    Path(layout.audit_dir, journal.file).write_bytes(bytes(len(whole)))
    with pytest.raises(OSError, match="Input/output"):
        journal.append(body(4), now=NOON)
    assert journal.seq == 4 and journal.sync_due is not None
    disk.pop()
    write(journal, 1)
    assert content(layout, journal).startswith(whole)
    assert journal.sync_due is None, "this one was synced at once, and what waited with it"
    write(journal, 1)
    assert journal.sync_due is not None
    journal.close(NOON)
    assert verify(layout).intact and verify(layout).records == 5


def test_the_policy_can_change_while_the_journal_is_open(layout: StateLayout, disk: list[str]) -> None:
    journal = opened(layout, NEVER)
    write(journal, 1)
    journal.settle(ALWAYS)
    write(journal, 1)
    journal.settle(GROUP)
    write(journal, 1)
    assert disk == ["heads.jsonl", "i.jsonl"] and journal.sync_due is not None
    journal.settle(NEVER)
    assert journal.sync_due is None
    journal.close(NOON)
    assert verify(layout).intact
