"""What the policy says of the disk holds for the process: the order of its system calls, and a disk that fails."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mcpgw.audit.verify import verify
from mcpgw.paths import StateLayout
from support.tracing import HAS_STRACE, journal_calls, traced, until_refused_and_served_again

pytestmark = pytest.mark.skipif(not HAS_STRACE, reason="the system calls are seen with strace")


@pytest.mark.requirement("audit.fsync-always")
def test_always_syncs_a_record_before_its_message_passes(tmp_path: Path) -> None:
    with traced(tmp_path, "always") as peer:
        assert "isError" not in peer.open().call("echo", text="x")["result"]
        peer.end()
    seen = list(journal_calls(tmp_path))
    assert seen.count(("fdatasync", "journal")) >= 5 and seen.count(("write", "peer")) >= 5
    unsynced = False
    for call, target in seen:
        if target == "journal":
            unsynced = call == "write"
        assert not (unsynced and target == "peer")


@pytest.mark.requirement("audit.fsync-group")
def test_group_syncs_an_idle_journal_by_itself(tmp_path: Path) -> None:
    with traced(tmp_path, "group") as peer:
        peer.open().call("echo", text="x")
        until = time.monotonic() + 10
        while list(journal_calls(tmp_path))[-1:] != [("fdatasync", "journal")] and time.monotonic() < until:
            os.sched_yield()
        assert list(journal_calls(tmp_path))[-1] == ("fdatasync", "journal")
        peer.end()
    assert verify(StateLayout(str(tmp_path))).intact


@pytest.mark.requirement("audit.fsync-failure")
@pytest.mark.parametrize(
    ("fsync", "fault"),
    [("always", "fdatasync:error=EIO:when=8..13"), ("group", "fdatasync:error=EIO:when=2..6")],
)
def test_a_disk_that_fails_to_sync_stops_calls_until_it_does_not(tmp_path: Path, fsync: str, fault: str) -> None:
    with traced(tmp_path, fsync, fault) as peer:
        peer.open()
        answers = until_refused_and_served_again(peer)
        assert peer.end() == 0
    assert any("cannot be recorded" in text for text in answers)
    assert verify(StateLayout(str(tmp_path))).intact
