"""An instance is alive while its lock is held; its record is readable while it writes and after it was killed."""

import fcntl
import os
import select
import signal
import stat
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mcpgw.paths import StateLayout
from mcpgw.state import status
from mcpgw.state.instance import Identity, open_instance, read_instances, sweep
from support.journals import DAY, NOON


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path))


IDENTITY = Identity(server="fs", entry="claude-code:user:fs", profile="balanced", command="npx")


@pytest.mark.parametrize("quick", [True, False])
def test_a_run_counts_as_its_messages_do(layout: StateLayout, monkeypatch: pytest.MonkeyPatch, quick: bool) -> None:
    if not quick:  # as where the extension was not built
        monkeypatch.setattr("mcpgw.state.instance._native_add", None)
    singly, at_once = (open_instance(layout, IDENTITY, now=NOON) for _ in range(2))
    for _ in range(3):
        singly.count("to_server", "request", "allow", 50, is_call=True)
    singly.count("to_client", "result", "allow", 7, latency_us=100)
    singly.count("to_client", "error", "allow", 8, latency_us=9)
    at_once.count_requests(3, 150, calls=3)
    at_once.count_answers(2, 15, errors=1, latencies_us=[100, 9])
    one, other = (found.record for found in read_instances(layout))
    assert one is not None and other is not None
    assert (one.messages, one.counters, one.histogram) == (other.messages, other.counters, other.histogram)
    assert one.counters["calls"] == 3
    singly.close()
    at_once.close()


def test_what_is_counted_is_read(layout: StateLayout) -> None:
    instance = open_instance(layout, IDENTITY, now=NOON)
    instance.count("to_server", "request", "allow", 100, is_call=True)
    instance.count("to_server", "request", "block", 50)
    instance.count("to_client", "result", "redact", 10, latency_us=100)
    instance.count("to_client", "error", "alert", 1)
    instance.count("to_client", "broken", "refuse", 1)
    instance.count("to_client", "result", "drop", 1)
    instance.restart()
    (found,) = read_instances(layout)
    instance.close()
    assert found.id == instance.id and found.alive and not found.torn and found.record
    record = found.record
    assert record.messages["to_server", "request"] == 2 and record.messages["to_client", "result"] == 2
    assert record.counters == {
        "calls": 1,
        "errors": 1,
        "alerts": 1,
        "blocked": 1,
        "redacted": 1,
        "refused": 1,
        "dropped": 1,
        "bytes_to_server": 150,
        "bytes_to_client": 13,
        "restarts": 1,
    }
    assert sum(record.histogram) == 1 and status.percentile(record.histogram, 0.5) == 111
    assert record.pid == os.getpid() and record.started_at == NOON and record.updated_at > NOON


def test_identity_state_and_error_are_read(layout: StateLayout) -> None:
    instance = open_instance(layout, IDENTITY, now=NOON)
    (fresh,) = read_instances(layout)
    assert fresh.record and (fresh.record.state, fresh.record.error_at) == ("starting", None)
    instance.describe(client="claude-code", server_pid=42)
    instance.set_state("backoff", "the server exited with 1")
    instance.set_error("x" * 9000, NOON + 5)
    instance.set_error("kürzer", NOON + 6)
    (found,) = read_instances(layout)
    instance.close()
    assert found.record
    identity = found.record.identity
    assert (identity["server"], identity["client"], identity["server_pid"]) == ("fs", "claude-code", 42)
    assert (found.record.state, found.record.reason) == ("backoff", "the server exited with 1")
    assert (found.record.error, found.record.error_at) == ("kürzer", NOON + 6)


def test_words_outside_the_format_are_refused_and_leave_the_record_whole(layout: StateLayout) -> None:
    instance = open_instance(layout, IDENTITY, now=NOON)
    with pytest.raises(KeyError):
        instance.count("sideways", "request", "allow", 1)
    with pytest.raises(ValueError, match="not in tuple"):
        instance.set_state("asleep")
    (found,) = read_instances(layout)
    instance.close()
    assert not found.torn


@pytest.mark.requirement("state.private")
def test_the_directory_is_private_and_whole(layout: StateLayout) -> None:
    instance = open_instance(layout, IDENTITY, now=NOON)
    directory = layout.instance_dir(instance.id)
    assert sorted(os.listdir(directory)) == ["lock", "status", "wake"]
    assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700
    for name in ("lock", "status", "wake"):
        assert stat.S_IMODE(os.stat(f"{directory}/{name}").st_mode) == 0o600
    assert stat.S_ISFIFO(os.stat(f"{directory}/wake").st_mode)
    assert os.stat(f"{directory}/status").st_blocks > 0, "a hole would be SIGBUS on a full disk"
    instance.close()


def test_a_byte_in_the_fifo_wakes_and_no_writer_is_no_hang_up(layout: StateLayout) -> None:
    instance = open_instance(layout, IDENTITY, now=NOON)
    poll = select.poll()
    poll.register(instance.wake_fd, select.POLLIN)
    assert poll.poll(0) == []
    with open(f"{layout.instance_dir(instance.id)}/wake", "wb", buffering=0) as writer:
        writer.write(b"!")
    assert poll.poll(0) == [(instance.wake_fd, select.POLLIN)]
    assert os.read(instance.wake_fd, 10) == b"!"
    assert poll.poll(0) == []
    instance.close()


def test_closed_is_dead_but_readable(layout: StateLayout) -> None:
    instance = open_instance(layout, IDENTITY, now=NOON)
    instance.close()
    instance.close()
    (found,) = read_instances(layout)
    assert not found.alive and found.record and found.record.identity["server"] == "fs"


PROGRAM = (
    "import sys, os, time\n"
    "from mcpgw.state.instance import Identity, open_instance\n"
    "from mcpgw.paths import StateLayout\n"
    "instance = open_instance(StateLayout(sys.argv[1]), Identity('fs', 'e'), now=1.0)\n"
    "for _ in range(1000): instance.count('to_server', 'request', 'allow', 1)\n"
    "os.write(1, b'ready')\n"
    "sys.stdin.read()\n"
)


@pytest.mark.requirement("state.survives-kill")
def test_a_killed_instance_is_dead_at_once_and_its_counters_are_exact(layout: StateLayout) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, layout.root],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stdout.read(5) == b"ready"
        (live,) = read_instances(layout)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    (dead,) = read_instances(layout)
    assert live.alive and not dead.alive
    assert dead.record and dead.record.messages["to_server", "request"] == 1000
    assert dead.record.pid_start > 0 or sys.platform != "linux"


def test_readers_never_see_half_a_write(layout: StateLayout) -> None:
    """Each write adds one request of 7 bytes; any page that a reader believes must agree with itself."""
    instance = open_instance(layout, IDENTITY, now=NOON)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            instance.count("to_server", "request", "allow", 7)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            (found,) = read_instances(layout)
            assert found.record
            if not found.torn:
                requests = found.record.messages["to_server", "request"]
                assert found.record.counters["bytes_to_server"] == 7 * requests
    finally:
        stop.set()
        writer.join(30)
        instance.close()


def test_a_writer_killed_inside_a_write_is_torn_and_readable(layout: StateLayout) -> None:
    instance = open_instance(layout, IDENTITY, now=NOON)
    path = Path(layout.instance_dir(instance.id), "status")
    instance.close()
    page = bytearray(path.read_bytes())
    struct.pack_into("=Q", page, status.SEQUENCE_OFFSET, 7)
    path.write_bytes(page)
    (found,) = read_instances(layout)
    assert found.torn and found.record and found.record.identity["server"] == "fs"


def test_records_that_cannot_be_read_are_reported(layout: StateLayout) -> None:
    newer = open_instance(layout, IDENTITY, now=NOON)
    gone = open_instance(layout, IDENTITY, now=NOON + 1)
    path = Path(layout.instance_dir(newer.id), "status")
    page = bytearray(path.read_bytes())
    struct.pack_into("=Q", page, 8, 9)
    path.write_bytes(page)
    os.unlink(f"{layout.instance_dir(gone.id)}/status")
    problems = {each.id: each.problem for each in read_instances(layout)}
    assert "format 9" in problems[newer.id] and "cannot be read" in problems[gone.id]
    assert all(each.alive and each.record is None for each in read_instances(layout))
    newer.close()
    gone.close()


def test_no_state_is_no_instance(layout: StateLayout) -> None:
    assert read_instances(layout) == () and sweep(layout, NOON, 0) == ()


def test_open_raises_and_leaves_nothing_where_it_cannot_be_done(tmp_path: Path) -> None:
    blocked = tmp_path / "instances"
    blocked.write_text("a file where the directory belongs")
    with pytest.raises(NotADirectoryError, match="directory"):
        open_instance(StateLayout(str(tmp_path)), IDENTITY, now=NOON)


def test_only_what_is_long_dead_is_swept(layout: StateLayout) -> None:
    live = open_instance(layout, IDENTITY, now=NOON)
    dead = open_instance(layout, IDENTITY, now=NOON + 1)
    dead.set_state("stopped")
    dead.close()
    (_, found) = read_instances(layout)
    assert found.record
    ended = found.record.updated_at
    assert sweep(layout, ended + DAY, 2 * DAY) == ()
    assert sweep(layout, ended + 3 * DAY, 2 * DAY) == (dead.id,)
    assert os.listdir(layout.instances_dir) == [live.id]
    live.close()


def test_a_directory_that_a_crash_left_half_built_is_swept(layout: StateLayout) -> None:
    building = Path(layout.instances_dir, ".20260101T120000-1-abcd")
    building.mkdir(parents=True)
    (building / "lock").touch()
    assert read_instances(layout) == ()
    assert sweep(layout, building.stat().st_mtime + DAY, 60) == (building.name,)
    assert os.listdir(layout.instances_dir) == []


def test_foreign_files_are_not_swept(layout: StateLayout) -> None:
    foreign = Path(layout.instances_dir, "mine", "notes")
    foreign.parent.mkdir(parents=True)
    foreign.write_text("keep")
    sweep(layout, foreign.stat().st_mtime + DAY, 60)
    assert foreign.read_text() == "keep"


def test_the_lock_does_not_pass_to_children(layout: StateLayout) -> None:
    instance = open_instance(layout, IDENTITY, now=NOON)
    program = "import sys; print('here', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False
    ) as child:
        assert child.stdout and child.stdout.readline() == b"here\n"
        instance.close()
        with open(f"{layout.instance_dir(instance.id)}/lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
