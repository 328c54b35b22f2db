"""Every single change of every record is found, with its line, and what a crash leaves is never called tampering."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpgw.audit.chain import GENESIS, seal
from mcpgw.audit.journal import Journal
from mcpgw.audit.verify import VerifyReport, verify
from mcpgw.audit.witness import Fault
from mcpgw.paths import StateLayout
from support.journals import DAY, NOON, body, closed_journal, write

RECORDS = 300
LONG = 10_000

Lines = list[bytes]
Mutation = Callable[[Lines, int], Lines]


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path))


def faults(report: VerifyReport) -> list[tuple[Fault, str, int]]:
    return [(each.fault, each.file, each.line) for each in report.problems]


def flip(lines: Lines, at: int) -> Lines:
    """One bit of one byte, at a place that differs from record to record."""
    line = bytearray(lines[at])
    line[(at * 37) % (len(line) - 1)] ^= 1
    return [*lines[:at], bytes(line), *lines[at + 1 :]]


def flip_newline(lines: Lines, at: int) -> Lines:
    return [*lines[:at], lines[at][:-1] + b"\v", *lines[at + 1 :]]


def delete(lines: Lines, at: int) -> Lines:
    return [*lines[:at], *lines[at + 1 :]]


def swap(lines: Lines, at: int) -> Lines:
    other = (at + 1) % len(lines)
    swapped = list(lines)
    swapped[at], swapped[other] = lines[other], lines[at]
    return swapped


def insert_copy(lines: Lines, at: int) -> Lines:
    return [*lines[: at + 1], lines[at], *lines[at + 1 :]]


def insert_forged(lines: Lines, at: int) -> Lines:
    """A record that follows properly from the one before it: only the next one shows it."""
    prev = json.loads(lines[at - 1])["hash"] if at else GENESIS
    return [*lines[:at], seal(body(at + 1, tool="forged"), prev)[0], *lines[at:]]


def insert_empty(lines: Lines, at: int) -> Lines:
    return [*lines[:at], b"\n", *lines[at:]]


def truncate(lines: Lines, at: int) -> Lines:
    return lines[:at]


def truncate_inside(lines: Lines, at: int) -> Lines:
    return [*lines[:at], lines[at][: len(lines[at]) // 2]]


MUTATIONS: list[Mutation] = [
    flip,
    flip_newline,
    delete,
    swap,
    insert_copy,
    insert_forged,
    insert_empty,
    truncate,
    truncate_inside,
]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[StateLayout, Path, Lines]:
    layout = StateLayout(str(tmp_path_factory.mktemp("log")))
    path = Path(closed_journal(layout, "i", RECORDS))
    return layout, path, path.read_bytes().splitlines(keepends=True)


@pytest.mark.requirement("audit.tamper-evident")
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_every_change_of_every_record_is_found(log: tuple[StateLayout, Path, Lines], mutation: Mutation) -> None:
    layout, path, lines = log
    unseen, misplaced = [], []
    for at in range(RECORDS):
        path.write_bytes(b"".join(mutation(lines, at)))
        problems = verify(layout).problems
        if not problems:
            unseen.append(at)
        elif not at <= problems[0].line <= at + 2 and at != RECORDS - 1:
            misplaced.append(at)
    path.write_bytes(b"".join(lines))
    assert (unseen, misplaced) == ([], [])
    assert verify(layout).intact


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(min_value=0), change=st.integers(1, 255))
def test_any_changed_byte_is_found(log: tuple[StateLayout, Path, Lines], position: int, change: int) -> None:
    layout, path, lines = log
    content = bytearray(b"".join(lines))
    content[position % len(content)] ^= change
    path.write_bytes(content)
    found = verify(layout)
    path.write_bytes(b"".join(lines))
    assert not found.intact


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> tuple[StateLayout, list[tuple[Path, Lines]]]:
    """10,000 records of one instance over three midnights, beside another instance's."""
    layout = StateLayout(str(tmp_path_factory.mktemp("long")))
    closed_journal(layout, "other", 20)
    journal = Journal.open(layout, "i", now=NOON)
    paths = []
    for day in range(4):
        write(journal, LONG // 4, at=NOON + day * DAY)
        paths.append(Path(layout.audit_dir, journal.file))
    journal.close(NOON + 4 * DAY)
    return layout, [(path, path.read_bytes().splitlines(keepends=True)) for path in paths]


@pytest.mark.requirement("audit.tamper-evident")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, LONG - 1), mutation=st.sampled_from(MUTATIONS))
def test_any_change_of_any_of_ten_thousand_records_is_found(
    segments: tuple[StateLayout, list[tuple[Path, Lines]]], at: int, mutation: Mutation
) -> None:
    layout, parts = segments
    path, lines = parts[at // (LONG // 4)]
    path.write_bytes(b"".join(mutation(lines, at % len(lines))))
    found = verify(layout)
    path.write_bytes(b"".join(lines))
    assert {each.file.partition("/")[2] for each in found.problems} == {path.name}
    assert found.torn == () or mutation in (truncate_inside, flip_newline)


@pytest.mark.requirement("audit.segments")
@pytest.mark.parametrize("gone", range(4))
def test_any_segment_that_is_gone_empty_or_another_one_is_found(
    segments: tuple[StateLayout, list[tuple[Path, Lines]]], gone: int
) -> None:
    layout, parts = segments
    assert verify(layout).intact
    path, lines = parts[gone]
    file = str(path.relative_to(layout.audit_dir))
    path.unlink()
    assert (Fault.MISSING, file, 0) in faults(verify(layout))
    for content, fault in ((b"", Fault.TRUNCATED), (b"".join(parts[gone - 1][1]), Fault.BROKEN)):
        path.write_bytes(content)
        assert [(each.fault, each.file, each.line) for each in verify(layout).problems] == [(fault, file, 1)]
    path.write_bytes(b"".join(lines))


def test_an_empty_state_is_intact(layout: StateLayout) -> None:
    assert verify(layout) == VerifyReport(0, 0, 0, (), (), 0)


@pytest.mark.requirement("audit.torn-is-not-tampering")
def test_half_a_last_line_of_a_dead_instance_is_torn(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 3)
    path = Path(layout.audit_dir, journal.file)
    path.write_bytes(path.read_bytes()[:-40])
    report = verify(layout)
    assert report.intact and report.torn == (journal.file,) and report.records == 2
    journal.close(NOON)


def test_records_that_an_attacker_chains_anew_differ_from_what_a_head_saw(layout: StateLayout) -> None:
    path = Path(closed_journal(layout, "i", 3))
    prev, forged = GENESIS, []
    for seq in (1, 2, 3):
        line, prev = seal(body(seq, tool="harmless"), prev)
        forged.append(line)
    path.write_bytes(b"".join(forged))
    assert faults(verify(layout)) == [(Fault.REWRITTEN, "2026-01-01/i.jsonl", 3)]


def test_a_cut_is_found_up_to_the_last_head(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 1005)
    path = Path(layout.audit_dir, journal.file)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1000]))
    assert verify(layout).intact, "what came after the last head is vouched for by nobody"
    path.write_bytes(b"".join(lines[:999]))
    assert faults(verify(layout)) == [(Fault.TRUNCATED, journal.file, 1000)]
    path.write_bytes(b"".join(lines))
    journal.close(NOON)


def test_records_after_the_close_are_found(layout: StateLayout) -> None:
    path = Path(closed_journal(layout, "i", 2))
    last = json.loads(path.read_bytes().splitlines()[-1])["hash"]
    with path.open("ab") as journal:
        journal.write(seal(body(3), last)[0])
    assert faults(verify(layout)) == [(Fault.EXTENDED, "2026-01-01/i.jsonl", 3)]


def test_a_missing_journal_is_found(layout: StateLayout) -> None:
    Path(closed_journal(layout, "i", 2)).unlink()
    assert faults(verify(layout)) == [(Fault.MISSING, "2026-01-01/i.jsonl", 0)]


def test_a_missing_rotated_journal_is_found(layout: StateLayout) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    write(journal, 1)
    write(journal, 1, at=NOON + DAY)
    journal.close(NOON + DAY)
    shutil.rmtree(Path(layout.audit_dir, "2026-01-02"))
    assert faults(verify(layout)) == [(Fault.MISSING, "2026-01-02/i.jsonl", 0)]


def test_a_journal_that_no_head_names_is_found(layout: StateLayout) -> None:
    path = Path(closed_journal(layout, "i", 2))
    path.with_name("foreign.jsonl").write_bytes(path.read_bytes())
    assert faults(verify(layout)) == [(Fault.UNNAMED, "2026-01-01/foreign.jsonl", 0)]


def test_an_empty_journal_without_a_head_is_what_a_crash_at_open_leaves(layout: StateLayout) -> None:
    path = Path(closed_journal(layout, "i", 2))
    path.with_name("crashed.jsonl").touch()
    assert verify(layout).intact


def test_heads_that_are_gone_leave_unnamed_journals(layout: StateLayout) -> None:
    closed_journal(layout, "i", 2)
    Path(layout.heads_file).unlink()
    assert faults(verify(layout)) == [(Fault.UNNAMED, "2026-01-01/i.jsonl", 0)]


@pytest.mark.parametrize("mutation", MUTATIONS[:-2], ids=lambda mutation: mutation.__name__)
def test_every_change_of_every_head_but_the_last_is_found(layout: StateLayout, mutation: Mutation) -> None:
    for number in range(6):
        closed_journal(layout, f"i{number}", 1)
    path = Path(layout.heads_file)
    lines = path.read_bytes().splitlines(keepends=True)
    unseen = []
    for at in range(len(lines) - 1):
        path.write_bytes(b"".join(mutation(lines, at)))
        if verify(layout).intact:
            unseen.append(at)
    assert unseen == []


@pytest.mark.parametrize("field", ["records", "file", "files", "event"])
def test_a_head_with_a_field_of_another_type_is_a_fault_not_a_crash(layout: StateLayout, field: str) -> None:
    closed_journal(layout, "i", 1)
    path = Path(layout.heads_file)
    first = path.read_bytes().splitlines(keepends=True)[0]
    head = {key: value for key, value in json.loads(first).items() if key not in ("prev", "hash")}
    path.write_bytes(seal(json.dumps({**head, field: {"not": "this"}}).encode()[:-1], GENESIS)[0])
    assert (Fault.BROKEN, "heads.jsonl", 1) in faults(verify(layout))
