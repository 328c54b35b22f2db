"""A Record that the journal does not take raises; the journal is tried again."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

import pytest

from mcpgw.audit.chain import seal
from mcpgw.audit.diagnostics import Diagnostics
from mcpgw.audit.journal import Journal
from mcpgw.audit.record import Record
from mcpgw.audit.verify import verify
from mcpgw.paths import StateLayout
from mcpgw.policy.rule import GROUP
from mcpgw.protocol.methods import Direction
from mcpgw.relay.recorder import REOPEN_SECONDS, Recorder
from mcpgw.state.instance import Identity, Instance, open_instance, read_instances

NOTE = Record("to_server", "request", "1", "tools/call", "t", None, "block", (), 7, 50, "r", "REF")


def recorder_in(layout: StateLayout, instance: Instance | None = None) -> Recorder:
    """One that writes to the journal of instance "i"."""
    quiet = Diagnostics(layout, "x", stderr_level="off")
    return Recorder(lambda: Journal.open(layout, "i", now=time.time()), instance, quiet, server="s", entry="")


def run_behind(recorder: Recorder) -> tuple[int, bytes, str, int, int, int, list[int]]:
    """Two lines as the lane drafts them, an answer and an error."""
    place = recorder.opening()
    assert place is not None
    opening, seq, prev = place
    lines = b""
    for number in (seq, seq + 1):
        line, prev = seal(b'{"v":1,"seq":%d,%b,"findings":[]' % (number, opening), prev)
        lines += line
    return 0, lines, prev, 2, 100, 1, [5, 90]


def test_counts_and_journals_agree(tmp_path: Path) -> None:
    layout = StateLayout(str(tmp_path))
    instance = open_instance(layout, Identity("s", "e"), now=1e9)
    diagnostics = Diagnostics(layout, "x", stderr_level="off")
    recorder = Recorder(
        lambda: Journal.open(layout, instance.id, now=time.time()), instance, diagnostics, server="s", entry="e"
    )
    for _ in range(3):
        recorder.append(NOTE)
    recorder.close()
    (file,) = Path(layout.audit_dir).glob("*/*.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert lines[0]["server"] == "s"
    (status,) = read_instances(layout)
    assert status.record is not None
    assert status.record.counters["blocked"] == status.record.counters["calls"] == 3
    assert "REF" in "".join(path.read_text() for path in Path(layout.log_dir).iterdir())
    instance.close()


@pytest.mark.requirement("failure.no-journal")
def test_a_journal_that_cannot_be_opened_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout, now, tries = StateLayout(str(tmp_path)), [1000.0], [0]

    def open_journal() -> Journal:
        tries[0] += 1
        if tries[0] == 1:
            raise OSError(28, "No space left on device")
        return Journal.open(layout, "i", now=now[0])

    monkeypatch.setattr("mcpgw.relay.recorder.time.time", lambda: now[0])
    recorder = Recorder(open_journal, None, Diagnostics(layout, "x", stderr_level="off"), server="s", entry="")
    for _ in range(2):
        with pytest.raises(OSError, match=r"journal|space"):
            recorder.append(NOTE)
    assert tries == [1]
    now[0] += REOPEN_SECONDS
    recorder.append(NOTE)
    recorder.close()
    assert tries == [2]
    (file,) = Path(layout.audit_dir).glob("*/*.jsonl")
    noted, owned_up = (json.loads(line) for line in file.read_text().splitlines())
    assert (noted["method"], owned_up["method"]) == ("tools/call", "audit/missing")
    assert owned_up["reason"] == "records that could not be written before this one: 2"


@pytest.mark.requirement("audit.owns-up")
def test_what_was_missed_last_is_owned_up_to_at_the_end(tmp_path: Path) -> None:
    layout = StateLayout(str(tmp_path))
    recorder = recorder_in(layout)
    recorder.append(NOTE)
    roomy = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, roomy[1]))
    try:
        with pytest.raises(OSError, match="large"):
            recorder.append(NOTE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, roomy)
    recorder.close()
    (file,) = Path(layout.audit_dir).glob("*/*.jsonl")
    assert [json.loads(line)["method"] for line in file.read_text().splitlines()] == ["tools/call", "audit/missing"]
    assert verify(layout).intact


def test_a_run_is_recorded_behind_what_was_and_counted(tmp_path: Path) -> None:
    layout = StateLayout(str(tmp_path))
    instance = open_instance(layout, Identity("s", "e"), now=1e9)
    recorder = recorder_in(layout, instance)
    assert recorder.opening() is None  # no journal is open yet
    recorder.append(NOTE)
    run = run_behind(recorder)
    recorder.append_run(run)
    recorder.count_run(Direction.TO_CLIENT, run)
    recorder.close()
    assert verify(layout).intact
    (file,) = Path(layout.audit_dir).glob("*/*.jsonl")
    assert [json.loads(line)["seq"] for line in file.read_text().splitlines()] == [1, 2, 3]
    (found,) = read_instances(layout)
    assert found.record is not None
    assert found.record.messages["to_client", "result"] == found.record.messages["to_client", "error"] == 1
    assert (found.record.counters["errors"], sum(found.record.histogram)) == (1, 3)
    instance.close()


def test_a_run_that_the_disk_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    layout = StateLayout(str(tmp_path))
    recorder = recorder_in(layout)
    recorder.append(NOTE)
    run = run_behind(recorder)
    roomy = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (600, roomy[1]))
    try:
        with pytest.raises(OSError, match=r"large|part"):
            recorder.append_run(run)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, roomy)
    assert recorder.opening() is None  # the session's own records come first again
    recorder.append(NOTE)
    recorder.close()
    (file,) = Path(layout.audit_dir).glob("*/*.jsonl")
    assert len(file.read_text().splitlines()) == 2
    assert verify(layout).intact


def test_a_new_policy_does_not_forget_what_waits_for_the_disk(tmp_path: Path) -> None:
    layout = StateLayout(str(tmp_path))
    recorder = recorder_in(layout)
    recorder.settle(GROUP)
    recorder.append(NOTE)
    due = recorder.sync_due
    recorder.settle(GROUP)
    assert due is not None and recorder.sync_due == due
    recorder.sync()
    assert recorder.sync_due is None
    recorder.close()
