"""The gateway as a process, between a client and a scripted server."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mcpgw.audit.verify import verify
from mcpgw.paths import StateLayout
from mcpgw.relay.shutdown import EOF_GRACE_SECONDS, TERM_GRACE_SECONDS
from support.peer import Peer, gateway, mock
from support.processes import children, gone, started_by

KEY = "AKIAQ3EGRT5LZW7YKX2M"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory under which a server's end is the session's."""
    root = tmp_path_factory.mktemp("mirror")
    (root / "config.toml").write_text('[server]\non_crash = "mirror"\n')
    return root


def _peer(state: Path, *options: str) -> Peer:
    return Peer(gateway(*mock(*options)), state)


def test_a_clean_session_is_relayed_and_recorded(state: Path) -> None:
    with _peer(state, "stderr=hello on stderr\n") as peer:
        assert peer.open().call("echo", text="hi")["result"]["content"][0]["text"] == "hi"
        assert peer.end() == 0
        assert b"hello on stderr\n" in peer.stderr.read()
    assert verify(StateLayout(str(state))).intact


def test_leaks_are_blocked_and_secrets_in_results_redacted(state: Path) -> None:
    with _peer(state) as peer:
        assert peer.open().call("echo", text=KEY)["result"]["isError"]
        line = '{"jsonrpc":"2.0","id":ID,"result":{"content":[{"type":"text","text":"k \\u0041KIAQ3EGRT5LZW7YKX2M"}]}}'
        assert "[mcpgw:aws-access-key:" in peer.call("raw", line=line)["result"]["content"][0]["text"]
        peer.end()
    for file in state.rglob("*.jsonl"):
        assert KEY.encode() not in file.read_bytes()


def test_garbage_and_banners_hurt_nobody(state: Path) -> None:
    with _peer(state, "banner=Listening on 3000") as peer:
        assert peer.open().call("raw", line='{"jsonrpc":"2.0","id":ID,"result":{"a":[1,]}}')["error"]["code"] == -31002
        assert "result" in peer.ask("ping")


@pytest.mark.requirement("relay.mirror-exit")
def test_a_crash_in_a_call_is_told_and_the_exit_code_mirrored(mirror: Path) -> None:
    with _peer(mirror) as peer:
        error = peer.open().call("die", how="exit:9")["error"]
        assert error["code"] == -31004
        assert "exit code 9" in error["message"]
        assert peer.line() == b""
        assert peer.wait() == 9


@pytest.mark.requirement("relay.mirror-exit")
def test_a_server_killed_in_a_call_ends_the_gateway_by_the_same_signal(mirror: Path) -> None:
    with _peer(mirror) as peer:
        error = peer.open().call("die", how="signal:9")["error"]
        assert (error["code"], "signal 9" in error["message"]) == (-31004, True)
        assert peer.wait() == -signal.SIGKILL


@pytest.mark.parametrize(("option", "code"), [("start=exit:3", 3), ("start=signal:9", -9), ("start=signal:15", -15)])
@pytest.mark.requirement("relay.mirror-exit")
def test_an_end_before_the_handshake_is_mirrored(state: Path, option: str, code: int) -> None:
    with _peer(state, option, "stderr=why\n") as peer:
        peer.send(b'{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"x"}}\n')
        assert peer.wait() == code
        assert peer.line() == b""
        assert b"why\n" in peer.stderr.read()


def test_an_end_while_it_is_asked_to_initialize_is_mirrored_without_an_answer(state: Path) -> None:
    with _peer(state, "init=exit:4") as peer:
        peer.send(b'{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"x"}}\n')
        assert peer.line() == b""
        assert peer.wait() == 4


def test_the_end_of_the_clients_input_ends_the_server(state: Path) -> None:
    with _peer(state, "eof=exit:7") as peer:
        peer.open()
        assert peer.end() == 7


@pytest.mark.requirement("relay.shutdown")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("option", ["ignore=signals", "stderr="])
def test_a_signal_ends_gateway_and_server(state: Path, number: signal.Signals, option: str) -> None:
    with _peer(state, option) as peer:
        peer.open()
        servers = started_by(peer.process.pid)
        assert servers
        started = time.monotonic()
        peer.process.send_signal(number)
        peer.wait(3)
        assert time.monotonic() - started < 2  # 450 ms and a busy machine
        assert gone(servers, 1)


@pytest.mark.requirement("relay.shutdown")
def test_a_signal_ends_what_a_wrapper_started(state: Path) -> None:
    wrapped = ["sh", "-c", '"$@"; true', "sh", *mock("ignore=all")]
    with Peer(gateway(*wrapped), state) as peer:
        (wrapper,) = started_by(peer.open().process.pid)
        servers = [wrapper, *children(wrapper)]
        assert len(servers) == 2
        peer.process.send_signal(signal.SIGTERM)
        peer.wait(3)
        assert gone(servers, 1)


# More than a client that does not read can be sent, and no more than a server can be rid of: about 1.17 MB.
UNREAD = {"flood": 117, "pad": 9_900}


def _leave_unread(peer: Peer, how: str) -> None:
    """The server has ended, and its last output fills every buffer up to the client, who does not read."""
    peer.open()
    (server,) = started_by(peer.process.pid)
    peer.send({"id": "f", "method": "tools/call", "params": {"name": "die", "arguments": {"how": how, **UNREAD}}})
    assert gone([server], 15)


@pytest.mark.requirement("relay.shutdown")
def test_a_signal_ends_the_gateway_though_its_client_does_not_read(mirror: Path) -> None:
    with _peer(mirror) as peer:
        _leave_unread(peer, "exit:0")
        peer.process.send_signal(signal.SIGTERM)
        assert peer.wait(5) == 0


@pytest.mark.requirement("relay.backpressure")
def test_what_an_ended_server_left_waits_for_its_reader_without_work(mirror: Path) -> None:
    with _peer(mirror) as peer:
        _leave_unread(peer, "exit:5")
        spent = sum(map(int, Path(f"/proc/{peer.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
        seconds = spent // os.sysconf("SC_CLK_TCK") + 1  # a gateway that spins is killed by the kernel
        resource.prlimit(peer.process.pid, resource.RLIMIT_CPU, (seconds, seconds))
        with pytest.raises(subprocess.TimeoutExpired):
            peer.wait(2)
        assert [peer.receive()["params"]["data"]["number"] for _ in range(UNREAD["flood"])] == list(range(117))
        assert peer.receive()["error"]["code"] == -31004
        assert peer.wait() == 5


@pytest.mark.requirement("relay.no-orphans")
def test_a_killed_gateway_takes_its_server_along(state: Path) -> None:
    with _peer(state, "ignore=all") as peer:
        peer.open()
        servers = started_by(peer.process.pid)
        peer.process.kill()
        peer.wait()
        assert gone(servers, 3)


def test_a_server_that_ignores_the_end_of_its_input_is_ended(state: Path) -> None:
    with _peer(state, "ignore=eof") as peer:
        peer.open()
        assert peer.end() == -signal.SIGTERM


@pytest.mark.requirement("relay.no-orphans")
@pytest.mark.parametrize("ignored", ["eof", "all"])
def test_a_client_that_is_gone_leaves_no_server_waiting(state: Path, ignored: str) -> None:
    with _peer(state, f"ignore={ignored}") as peer:
        servers = started_by(peer.open().process.pid)
        for pipe in (peer.stdin, peer.stdout):
            pipe.close()
        assert peer.wait(EOF_GRACE_SECONDS + TERM_GRACE_SECONDS - 1) < 0  # well before a client that still reads
        assert gone(servers, 0)


@pytest.mark.parametrize("size", [1 << 20, 8 << 20])
def test_large_answers_arrive_whole(state: Path, size: int) -> None:
    with _peer(state) as peer:
        assert peer.open().call("echo", size=size)["result"]["content"][0]["text"] == "y" * size
        text = "z" * size
        assert peer.call("echo", text=text)["result"]["content"][0]["text"] == text


@pytest.mark.requirement("relay.backpressure")
@pytest.mark.parametrize(("count", "size"), [(400, 4000), (5000, 300)])
def test_a_client_that_writes_without_reading_deadlocks_nobody(state: Path, count: int, size: int) -> None:
    ask = '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"echo","arguments":{"text":"%s"}}}\n'
    with _peer(state) as peer:
        peer.open()
        pid = os.fork()
        if pid == 0:
            for number in range(1000, 1000 + count):
                peer.send((ask % (number, "w" * size)).encode())
            os._exit(0)
        answers = [peer.receive()["id"] for _ in range(count)]
        os.waitpid(pid, 0)
        assert answers == list(range(1000, 1000 + count))


def test_floods_keep_their_order(state: Path) -> None:
    with _peer(state) as peer:
        peer.open()
        peer.send({"id": "f", "method": "tools/call", "params": {"name": "echo", "arguments": {"flood": 3000}}})
        assert [peer.receive()["params"]["data"]["number"] for _ in range(3000)] == list(range(3000))
        assert peer.receive()["id"] == "f"


def test_an_unterminated_last_line_is_handed_on(state: Path) -> None:
    with _peer(state) as peer:
        peer.open().send(b'{"jsonrpc":"2.0","id":"last","method":"ping"}')
        peer.stdin.close()
        assert peer.receive()["id"] == "last"
        assert peer.wait() == 0


@pytest.mark.requirement("run.cannot-start")
@pytest.mark.parametrize(
    ("command", "code"), [("no-such-program-here", 127), ("/etc/passwd", 126), ("/nowhere/x", 127)]
)
def test_a_server_that_cannot_start(state: Path, command: str, code: int) -> None:
    with Peer(gateway(command), state) as peer:
        assert peer.wait() == code
        said = peer.stderr.read()
        assert command.encode() in said
        assert b"Traceback" not in said


def test_without_a_command_the_usage_is_shown(state: Path) -> None:
    with Peer(gateway(), state) as peer:
        assert peer.wait() == 2
        assert b"usage: mcpgw run" in peer.stderr.read()


@pytest.mark.requirement("failure.no-journal")
def test_a_journal_that_cannot_be_written_stops_calls_only_and_resumes(tmp_path: Path) -> None:
    with _peer(tmp_path) as peer:
        peer.open()
        assert "result" in peer.call("echo", text="before")
        assert peer.end() == 0
    audit = tmp_path / "audit"
    audit.rename(tmp_path / "aside")
    audit.write_text("a file where the directory belongs")
    with _peer(tmp_path) as peer:
        peer.open()
        assert peer.ask("tools/list")["result"] == {"tools": []}
        refused = peer.call("echo", text="x")["result"]
        assert refused["isError"]
        assert "cannot be recorded" in refused["content"][0]["text"]
        audit.unlink()
        until = time.monotonic() + 10
        while peer.call("echo", text="again")["result"].get("isError") and time.monotonic() < until:
            os.sched_yield()
        assert "isError" not in peer.call("echo", text="after")["result"]


@pytest.mark.requirement("failure.no-journal")
def test_a_disk_that_fills_in_a_session_stops_calls_until_there_is_room(tmp_path: Path) -> None:
    with _peer(tmp_path) as peer:
        assert "isError" not in peer.open().call("echo", text="before")["result"]
        (file,) = tmp_path.glob("audit/2*/*.jsonl")
        roomy = resource.prlimit(peer.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(peer.process.pid, resource.RLIMIT_FSIZE, (file.stat().st_size + 100, roomy[1]))
        assert "cannot be recorded" in peer.call("echo", text="full")["result"]["content"][0]["text"]
        assert peer.ask("tools/list")["result"] == {"tools": []}
        resource.prlimit(peer.process.pid, resource.RLIMIT_FSIZE, roomy)
        assert "isError" not in peer.call("echo", text="after")["result"]
        assert peer.end() == 0
    assert verify(StateLayout(str(tmp_path))).intact


@pytest.mark.requirement("failure.no-policy")
def test_a_policy_that_never_compiled_stops_calls_only(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("profile = 5\n")
    with _peer(tmp_path) as peer:
        peer.open()
        assert "result" in peer.ask("tools/list")
        assert "policy cannot be loaded" in peer.call("echo", text="x")["result"]["content"][0]["text"]
        peer.end()
        assert b"config.toml" in peer.stderr.read()


@pytest.mark.requirement("config.in-force")
def test_an_edited_policy_is_in_force_without_a_restart(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('profile = "observe"\n')
    with _peer(tmp_path) as peer:
        assert "isError" not in peer.open().call("echo", text=KEY)["result"]
        config.write_text('profile = "balanced"\n')
        until = time.monotonic() + 15
        while not peer.call("echo", text=KEY)["result"].get("isError") and time.monotonic() < until:
            os.sched_yield()
        assert peer.call("echo", text=KEY)["result"]["isError"]
        config.write_text("profile = 5\n")
        until = time.monotonic() + 15
        while not (tmp_path / "policy" / "problem.json").exists() and time.monotonic() < until:
            peer.ask("ping")
        assert peer.call("echo", text=KEY)["result"]["isError"]


def test_stderr_reaches_the_client_byte_for_byte(state: Path) -> None:
    said = bytes(range(256)) * 100 + b"no line end"
    with _peer(state, f"stderr-hex={said.hex()}") as peer:
        peer.open()
        assert peer.end() == 0
        assert peer.stderr.read() == said


@pytest.mark.requirement("relay.both-openings")
def test_discovery_opens_a_session_too(mirror: Path) -> None:
    with _peer(mirror) as peer:
        assert peer.ask("server/discover")["result"]["supportedVersions"] == ["2026-07-28"]
        assert peer.call("die", how="exit:2")["error"]["code"] == -31004
        assert peer.wait() == 2


@pytest.mark.requirement("relay.no-orphans")
def test_a_client_that_closes_its_reading_end_and_goes_on_writing(state: Path) -> None:
    with _peer(state) as peer:
        (server,) = started_by(peer.open().process.pid)
        peer.stdout.close()
        try:
            while peer.process.poll() is None:
                peer.send({"id": 7, "method": "ping"})
        except BrokenPipeError:
            pass
        assert peer.wait() == 0
        assert gone([server], 1)
    assert verify(StateLayout(str(state))).intact


@pytest.mark.requirement("relay.stderr-unread")
def test_a_client_that_never_reads_stderr_does_not_stop_the_relay(state: Path) -> None:
    with _peer(state, "stderr=" + "e" * 100_000) as peer:
        peer.open()
        for _ in range(1500):  # each refusal is a line of the gateway's own on stderr
            assert peer.call("echo", text=KEY)["result"]["isError"]


@pytest.mark.requirement("config.in-force")
def test_caps_and_log_level_of_the_configuration_are_in_force(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[audit]\nkeep_days = 2\n[log]\nlevel = "error"\n')
    old = tmp_path / "audit" / time.strftime("%Y-%m-%d", time.gmtime(time.time() - 10 * 86400))
    old.mkdir(parents=True)
    (old / "x.jsonl").write_text("")
    with _peer(tmp_path) as peer:
        assert peer.open().call("echo", text=KEY)["result"]["isError"]  # a warning, below the level
        assert peer.end() == 0
    assert not old.exists()
    assert b"block" not in b"".join(path.read_bytes() for path in (tmp_path / "log").glob("*"))
