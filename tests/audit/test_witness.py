"""Lines that were kept elsewhere are believed if they are heads, and whatever else stands between them is not."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgw.audit.days import journal_files
from mcpgw.audit.journal import Journal
from mcpgw.audit.outside import Lookout
from mcpgw.audit.verify import verify
from mcpgw.audit.witness import Fault, Kept, read_kept
from mcpgw.paths import StateLayout
from support.journals import DAY, NOON, closed_journal, write


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path))


def heads(layout: StateLayout) -> list[bytes]:
    return Path(layout.heads_file).read_bytes().splitlines(keepends=True)


def found(layout: StateLayout, kept: tuple[Kept, ...]) -> list[tuple[Fault, str, int]]:
    return [(each.fault, each.file, each.line) for each in verify(layout, kept).problems]


def cut(path: str, lines: int) -> None:
    """Takes the last lines away, as somebody does who has something to hide."""
    file = Path(path)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-lines]))


def test_only_whole_heads_count(layout: StateLayout) -> None:
    closed_journal(layout, "i", 1)
    opened, closed = heads(layout)
    changed = opened.replace(b'"records":0', b'"records":1')
    kept = read_kept([opened, b"", b"connection lost\n", changed, b'{"event":"seen"}', opened[:50] + closed, closed])
    assert [(each.seq, each.digest) for each in kept] == [
        (1, json.loads(opened)["hash"]),
        (2, json.loads(closed)["hash"]),
    ]
    assert verify(layout, kept).intact and verify(layout, kept).kept == 2


@pytest.mark.requirement("audit.since")
def test_a_cut_of_heads_and_journals_is_found(layout: StateLayout) -> None:
    closed_journal(layout, "a", 1)
    path = closed_journal(layout, "b", 1)
    kept = read_kept(Lookout(layout).look())
    cut(layout.heads_file, 2)
    Path(path).unlink()
    assert verify(layout).intact, "nothing here knows of it"
    assert found(layout, kept) == [
        (Fault.TRUNCATED, "heads.jsonl", 3),
        (Fault.MISSING, "2026-01-01/b.jsonl", 0),
    ]


@pytest.mark.requirement("audit.since")
def test_a_cut_tail_that_no_head_counted_is_found(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 7)
    kept = read_kept(Lookout(layout).look())
    write(journal, 2)
    assert verify(layout, kept).intact
    cut(f"{layout.audit_dir}/{journal.file}", 2)
    assert verify(layout, kept).intact, "of what came later nobody kept anything"
    cut(f"{layout.audit_dir}/{journal.file}", 1)
    assert verify(layout).intact
    assert found(layout, kept) == [(Fault.TRUNCATED, journal.file, 7)]
    journal.close(NOON)


@pytest.mark.requirement("audit.since")
def test_all_that_was_written_anew_is_found(layout: StateLayout) -> None:
    path = closed_journal(layout, "i", 3)
    kept = read_kept(heads(layout))
    Path(path).unlink()
    Path(layout.heads_file).unlink()
    closed_journal(layout, "i", 3, tool="harmless")
    assert verify(layout).intact, "the chain has no key"
    assert found(layout, kept) == [
        (Fault.REWRITTEN, "heads.jsonl", 2),
        (Fault.REWRITTEN, "2026-01-01/i.jsonl", 3),
    ]


def test_number_and_hash_are_enough(layout: StateLayout) -> None:
    closed_journal(layout, "i", 1)
    digest = json.loads(heads(layout)[1])["hash"]
    assert found(layout, (Kept(2, digest, None),)) == []
    assert found(layout, (Kept(2, "0" * 64, None),)) == [(Fault.REWRITTEN, "heads.jsonl", 2)]
    cut(layout.heads_file, 1)
    assert found(layout, (Kept(2, digest, None),)) == [(Fault.TRUNCATED, "heads.jsonl", 2)]


def test_heads_that_are_gone_are_made_up_for_by_those_that_were_kept(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 1)
    write(journal, 1, at=NOON + DAY)
    look = Lookout(layout).look()
    kept = read_kept([*reversed(look), *heads(layout)])
    Path(layout.heads_file).unlink()
    assert found(layout, kept) == [(Fault.TRUNCATED, "heads.jsonl", 1)]
    journal.close(NOON + DAY)


@pytest.mark.requirement("audit.since")
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_whatever_was_there_when_heads_were_printed_is_missed(data: st.DataObject) -> None:
    """Several journals, some closed, some rotated; then one loses its end, and heads.jsonl all that knows of it."""
    with tempfile.TemporaryDirectory() as root:
        layout = StateLayout(root)
        journals = [Journal.open(layout, f"i{number}", now=NOON) for number in range(3)]
        for journal in journals:
            write(journal, data.draw(st.integers(0, 4)))
            write(journal, data.draw(st.integers(0, 3)), at=NOON + DAY)
        journals[0].close(NOON + DAY)
        kept = read_kept(Lookout(layout).look())
        there = {file: _lines(layout, file) for file in journal_files(layout)}
        write(journals[1], data.draw(st.integers(0, 3)), at=NOON + DAY)
        assert verify(layout, kept).intact
        file = data.draw(st.sampled_from(sorted(there)))
        left = data.draw(st.integers(0, max(there[file] - 1, 0)))
        _rewrite(Path(layout.audit_dir, file), lambda number, line: number < left)
        knowing = [number for number, line in enumerate(heads(layout)) if _counts_more(line, file, left)]
        _rewrite(Path(layout.heads_file), lambda number, line: number < min(knowing, default=1 << 30))
        assert verify(layout, kept).intact == (there[file] == 0 and not knowing)
        for journal in journals:
            journal.close(NOON + DAY)


def _lines(layout: StateLayout, file: str) -> int:
    return len(Path(layout.audit_dir, file).read_bytes().splitlines())


def _rewrite(path: Path, stays: Callable[[int, bytes], bool]) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for number, line in enumerate(lines) if stays(number, line)))


def _counts_more(line: bytes, file: str, left: int) -> bool:
    head = json.loads(line)
    return bool(head["file"] == file and head["records"] > left)
