"""Whatever ends a session, nothing that its server started is left, in whatever group or session it hides."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mcpgw.paths import StateLayout
from mcpgw.relay import guardian as guardian_module
from mcpgw.relay.child import Child, confirm_start, reap, release, spawn
from mcpgw.relay.guardian import Guardian, children_by_scan
from mcpgw.state.instance import read_instances
from support.peer import Peer, gateway, mock
from support.processes import children, gone, guardian_of, marked, started_by

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the guardian is for Linux")

DEAF = """trap '' INT TERM HUP; sleep 300; true"""
HOPS = "import os, time\nos.setsid()\nwhile True:\n    time.sleep(0.005)\n    if os.fork(): os._exit(0)\n"
# A chain that holds the server's pipes, a session of its own, a daemon, one that forks on, and one that always flees.
HIDING = f"""
sh -c 'sh -c "$0"; true' "$DEAF" &
setsid sh -c "$DEAF" </dev/null >/dev/null 2>&1 &
sh -c 'setsid sh -c "$DEAF" </dev/null >/dev/null 2>&1 &'
sh -c 'setsid sh -c "while :; do sleep 300 & sleep 0.05; done" </dev/null >/dev/null 2>&1 &'
sh -c 'setsid {sys.executable} -I -S -c "$HOPS" </dev/null >/dev/null 2>&1 &'
exec "$@"
"""
AT_LEAST = 7  # gateway, server and one of each kind
CLIENT = """
import subprocess, sys
gateway = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
gateway.stdin.write(sys.argv[1].encode() + b"\\n")
gateway.stdin.flush()
sys.stdout.buffer.write(gateway.stdout.readline())
sys.stdout.flush()
gateway.wait()
"""
# This process and the guardian are all that such a user may have.
TOO_MANY = """
import os, resource, select, sys
from mcpgw.relay.child import StartFailed, confirm_start, spawn
os.setuid(54321)
resource.setrlimit(resource.RLIMIT_NPROC, (2, 2))
child = spawn(["true"])
try:
    confirm_start(child, "true")
except StartFailed as failure:
    sys.stdout.write(str(failure).split(": ", 1)[1].split(";")[0])
    sys.exit(failure.exit_code if child.pid == 0 else 1)
"""
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def _hiding(mark: str) -> dict[str, str]:
    return {"MCPGW_TEST_MARK": mark, "DEAF": DEAF, "HOPS": HOPS}


def _gateway(*options: str) -> list[str]:
    return gateway("sh", "-c", HIDING, "sh", *mock(*options))


def _settled(mark: str) -> None:
    until = time.monotonic() + 20
    while len(marked(mark)) < AT_LEAST and time.monotonic() < until:
        os.sched_yield()
    assert len(marked(mark)) >= AT_LEAST


def _left(mark: str, seconds: float = 1.0) -> list[str]:
    """Command lines of what still runs when the time is up."""
    until = time.monotonic() + seconds
    while (left := marked(mark)) and time.monotonic() < until:
        os.sched_yield()
    return [f"{pid} {Path(f'/proc/{pid}/cmdline').read_bytes()!r}" for pid in left]


@pytest.mark.requirement("relay.no-orphans")
@pytest.mark.parametrize("options", [(), ("ignore=all",)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_outlives_a_gateway_that_gets(number: signal.Signals, options: tuple[str, ...], tmp_path: Path) -> None:
    mark = f"MARK-{tmp_path}"
    with Peer(_gateway(*options), tmp_path, **_hiding(mark)) as peer:
        peer.open()
        _settled(mark)
        peer.process.send_signal(number)
        peer.wait(5)
        assert _left(mark) == []


@pytest.mark.requirement("relay.no-orphans")
def test_nothing_outlives_a_session_whose_input_ends(tmp_path: Path) -> None:
    mark = f"MARK-{tmp_path}"
    with Peer(_gateway(), tmp_path, **_hiding(mark)) as peer:
        peer.open()
        _settled(mark)
        assert peer.end() == 0
        assert _left(mark) == []


@pytest.mark.requirement("relay.no-orphans")
@pytest.mark.parametrize(("send", "number"), [(os.kill, signal.SIGKILL), (os.killpg, signal.SIGINT)])
def test_nothing_outlives_a_killed_client_or_a_group_that_is_interrupted(
    send: Callable[[int, int], None], number: int, tmp_path: Path
) -> None:
    mark = f"MARK-{tmp_path}"
    argv = [sys.executable, "-I", "-c", CLIENT, json.dumps(INITIALIZE), *_gateway()]
    env = {**os.environ, **_hiding(mark), "MCPGW_HOME": str(tmp_path)}
    quiet = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=env, start_new_session=True, **quiet) as client:
        assert client.stdout is not None and b'"result"' in client.stdout.readline()
        _settled(mark)
        (instance,) = children(client.pid)
        send(client.pid, number)
        client.wait(5)
        assert gone([instance], 5)
        assert _left(mark) == []


@pytest.mark.requirement("relay.left-behind")
def test_what_a_server_leaves_ends_with_it(tmp_path: Path) -> None:
    mark = f"MARK-{tmp_path}"
    with Peer(_gateway(), tmp_path, **_hiding(mark)) as peer:
        peer.open()
        _settled(mark)
        peer.call("die", how="exit:0")
        peer.stdin.close()
        peer.wait(5)
        assert _left(mark) == []


@pytest.mark.requirement("relay.guardian-holds-nothing")
def test_guardian_and_server_hold_nothing_of_the_client_or_the_gateway(tmp_path: Path) -> None:
    with Peer(gateway(*mock()), tmp_path) as peer:
        pid = peer.open().process.pid
        (server,) = started_by(pid)
        guardian, its_server = _held(guardian_of(pid)), _held(server)
        assert sorted(its_server) == [0, 1, 2]
        assert {guardian.pop(standard) for standard in (0, 1, 2)} == {"/dev/null"}
        own = [each for each in guardian.values() if each.startswith("pipe:")]
        # The lifeline and the words; and what wakes it: both ends of a pipe, or the program's signals.
        assert (len(own), len(guardian)) in ((4, 4), (2, 3))
        assert {*guardian.values()} - {*own} <= {"anon_inode:[signalfd]"}
        assert set(guardian.values()).isdisjoint({*its_server.values(), *(_held(pid)[each] for each in (0, 1, 2))})
        assert os.getpgid(guardian_of(pid)) == guardian_of(pid)


@pytest.mark.requirement("relay.guardian-holds-nothing")
def test_a_killed_gateway_is_dead_at_once_for_status(tmp_path: Path) -> None:
    with Peer(gateway(*mock()), tmp_path) as peer:
        pid = peer.open().process.pid
        guardian, (server,) = guardian_of(pid), started_by(pid)
        os.kill(guardian, signal.SIGSTOP)
        peer.process.kill()
        peer.wait()
        assert [each.alive for each in read_instances(StateLayout(str(tmp_path)))] == [False]
        os.kill(guardian, signal.SIGCONT)
        assert gone([guardian, server], 1)


@pytest.fixture(params=["as it was built", "in Python"])
def in_both_forms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guardian as a program, where that was built, and as the same in Python."""
    if request.param == "in Python":
        monkeypatch.setattr(guardian_module, "PROGRAM", "/none")


def _held(pid: int) -> dict[int, str]:
    return {int(entry.name): os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()}


@pytest.mark.requirement("relay.no-orphans")
@pytest.mark.usefixtures("in_both_forms")
def test_who_lost_its_parent_is_reaped_while_the_session_lives() -> None:
    child = _spawn("sh", "-c", "(true & (true & true &); true); echo; read line")
    assert isinstance(child.parent, Guardian)
    assert os.read(child.stdout, 1) == b"\n"
    until = time.monotonic() + 20
    while children(child.parent.pid) != [child.pid]:
        assert time.monotonic() < until
    os.write(child.stdin, b"end\n")
    assert _ended(child) == 0


@pytest.mark.requirement("relay.mirror-exit")
@pytest.mark.parametrize("code", [0, 1, 130, 143, 255, -signal.SIGTERM, -signal.SIGKILL, -signal.SIGSEGV])
@pytest.mark.usefixtures("in_both_forms")
def test_the_wait_status_is_the_servers(code: int) -> None:
    child = _spawn("sh", "-c", f"exit {code}" if code >= 0 else f"kill {code} $$")
    assert os.waitstatus_to_exitcode(_ended(child)) == code


@pytest.mark.usefixtures("in_both_forms")
def test_a_killed_guardian_takes_its_server_along() -> None:
    child = _spawn("sh", "-c", f"echo; {DEAF}")
    assert isinstance(child.parent, Guardian)
    assert os.read(child.stdout, 1) == b"\n"
    until = time.monotonic() + 20
    while not children(child.pid):
        assert time.monotonic() < until
    group = [child.pid, *children(child.pid)]
    os.kill(child.parent.pid, signal.SIGKILL)
    assert _ended(child) == signal.SIGKILL
    assert gone(group, 1)


@pytest.mark.usefixtures("in_both_forms")
def test_a_server_is_started_again_by_a_process_that_has_handlers_and_a_guardian_of_its_own_before() -> None:
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    before_wakeup = signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    before_child = signal.signal(signal.SIGCHLD, lambda number, frame: None)
    before, zombies = len(os.listdir("/proc/self/fd")), children(os.getpid())
    try:
        for code in range(20):
            child = _spawn("sh", "-c", f"setsid sleep 300 </dev/null >/dev/null 2>&1 & exit {code}")
            assert _ended(child) == code << 8
        assert os.read(readable, 100).count(signal.SIGCHLD) >= 20
    finally:
        signal.signal(signal.SIGCHLD, before_child)
        signal.set_wakeup_fd(before_wakeup)
    assert len(os.listdir("/proc/self/fd")) == before
    assert set(children(os.getpid())) <= set(zombies)  # those of earlier tests may be gone by now
    os.close(readable)
    os.close(writable)


@pytest.mark.skipif(os.geteuid() != 0, reason="a user without processes is needed")
def test_a_server_that_cannot_be_forked_is_a_failed_start() -> None:
    done = subprocess.run([sys.executable, "-c", TOO_MANY], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (126, b"true on PATH: Resource temporarily unavailable", b"")


def test_without_the_kernels_list_children_are_found_by_scan() -> None:
    child = _spawn("sh", "-c", "sleep 300 & sleep 300 & read line; exit 0")
    while len(children(child.pid)) < 2:
        os.sched_yield()
    assert sorted(children_by_scan(child.pid)) == sorted(children(child.pid))
    os.write(child.stdin, b"end\n")
    assert _ended(child) == 0


@pytest.mark.requirement("relay.no-orphans")
@pytest.mark.usefixtures("in_both_forms")
def test_what_hides_ends_with_its_server(tmp_path: Path) -> None:
    mark = f"MARK-{tmp_path}"
    environ = {**os.environ, **_hiding(mark)}
    child = _spawn("env", *(f"{key}={value}" for key, value in environ.items()), "sh", "-c", HIDING, "sh", "cat")
    while len(marked(mark)) < AT_LEAST - 1:
        os.sched_yield()
    os.close(child.stdin)
    until = time.monotonic() + 20
    while reap(child) is None:
        assert time.monotonic() < until
    release(child)
    assert _left(mark) == []
    os.close(child.stdout)
    os.close(child.stderr)


@pytest.mark.skipif(sysconfig.get_config_var("CC") is None, reason="no compiler is known")
def test_the_program_is_built_where_there_is_a_compiler() -> None:
    assert os.access(guardian_module.PROGRAM, os.X_OK) == (
        shutil.which(sysconfig.get_config_var("CC").split()[0]) is not None
    )


def _spawn(*argv: str) -> Child:
    child = spawn(list(argv))
    confirm_start(child, argv[0])
    return child


def _ended(child: Child) -> int:
    """Its wait status; the rest of it is released."""
    until = time.monotonic() + 20
    while (status := reap(child)) is None:
        assert time.monotonic() < until
    release(child)
    for descriptor in (child.stdin, child.stdout, child.stderr):
        os.close(descriptor)
    return status
