#!/usr/bin/env python3
"""What a gateway instance costs, as ratios against a direct run in the same run. Gates nothing.

    python bench/relay.py [--rounds 3] [--calls 2000] [--json]

A client, an echo server and the gateway run on this machine; direct and routed calls are asked in turn, so that noise
hits both alike. Report the ratios: microseconds move with the machine's load.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (1024, 32 * 1024, 1024 * 1024)
SERVER = """
import os, sys
buffer = b""
pad = {}
while True:
    chunk = os.read(0, 65536)
    if not chunk:
        break
    buffer += chunk
    while b"\\n" in buffer:
        line, _, buffer = buffer.partition(b"\\n")
        head, _, rest = line.partition(b'"id":')
        number = rest.split(b",", 1)[0].rstrip(b"}")
        if b'"tools/call"' not in line:
            os.write(1, b'{"jsonrpc":"2.0","id":' + number + b',"result":{"protocolVersion":"2025-11-25"}}\\n')
            continue
        size = int(line.rsplit(b'"n":', 1)[1].split(b"}", 1)[0])
        text = pad.setdefault(size, b"for x in range(10): total += x * 2\\\\n" * (size // 37 + 1))[: size // 37 * 37]
        head = b'{"jsonrpc":"2.0","id":' + number + b',"result":{"content":[{"type":"text","text":"'
        view = head + text + b'"}]}}\\n'
        while view:
            view = view[os.write(1, view):]
"""


class Peer:
    """A started command and the time until it answered `initialize`."""

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        started = time.perf_counter()
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, bufsize=0
        )
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        self._ask({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
        self.start_ms = (time.perf_counter() - started) * 1000
        self._next = 0

    def _ask(self, message: dict[str, object]) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        part = b""
        while not part.endswith(b"\n"):
            part = os.read(self.process.stdout.fileno(), 1 << 20)
            if not part:
                raise SystemExit("the server ended")

    def call(self, size: int) -> float:
        """Microseconds of one tools/call whose answer has about `size` bytes."""
        self._next += 1
        params = {"name": "echo", "arguments": {"n": size}}
        started = time.perf_counter()
        self._ask({"jsonrpc": "2.0", "id": self._next, "method": "tools/call", "params": params})
        return (time.perf_counter() - started) * 1e6

    def pss_kib(self) -> list[int]:
        """Proportional set size of the gateway and of its guardian, 0 where the system does not tell."""
        pid = self.process.pid
        try:
            guardian = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
            return [_pss_kib(pid), _pss_kib(guardian)]
        except (OSError, IndexError):
            return [0, 0]

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def _pss_kib(pid: int | str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def measure(rounds: int, calls: int, home: str) -> dict[str, object]:
    """Medians over all rounds."""
    env = {**os.environ, "MCPGW_HOME": home}
    server = [sys.executable, "-I", "-S", "-c", SERVER]
    routed = [*_launcher(env, home), "run", "--name", "bench", "--", *server]
    starts: dict[str, list[float]] = {"direct": [], "routed": []}
    times: dict[tuple[str, int], list[float]] = {}
    pss = [0, 0]
    for _ in range(rounds):
        peers = {"direct": Peer(server, env), "routed": Peer(routed, env)}
        pss = peers["routed"].pss_kib()
        for name, peer in peers.items():
            starts[name].append(peer.start_ms)
        for size in SIZES:
            for _ in range(max(10, calls * 1024 // size if size > 1024 else calls)):
                for name, peer in peers.items():
                    times.setdefault((name, size), []).append(peer.call(size))
        for peer in peers.values():
            peer.close()
    rows = []
    for size in SIZES:
        direct, through = (statistics.median(times[name, size]) for name in ("direct", "routed"))
        rows.append({"bytes": size, "direct_us": direct, "routed_us": through, "ratio": through / direct})
    start = {name: statistics.median(values) for name, values in starts.items()}
    return {"calls": rows, "start_ms": start, "start_added_ms": start["routed"] - start["direct"], "pss_kib": pss}


def _launcher(env: dict[str, str], home: str) -> list[str]:
    """The installed launcher in a state directory of its own, as users run it."""
    script = (
        "import sys; from mcpgw.paths import StateLayout; from mcpgw.config.compile import compile_policy; "
        "from mcpgw.installers.launcher import ensure_launcher; layout = StateLayout(sys.argv[1]); "
        "compile_policy(layout); ensure_launcher(layout)"
    )
    subprocess.run([sys.executable, "-c", script, home], env=env, check=True)
    return [f"{home}/bin/mcpgw"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcpgw-bench-") as home:
        result = measure(options.rounds, options.calls, home)
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for row in result["calls"]:
        print("{bytes:>8} B   direct {direct_us:9.0f} us   routed {routed_us:9.0f} us   x {ratio:.2f}".format(**row))
    gateway, guardian = (kib / 1024 for kib in result["pss_kib"])
    print(f"start-up: +{result['start_added_ms']:.0f} ms over direct")
    print(f"PSS an instance: {gateway + guardian:.1f} MB, of which {guardian:.1f} MB its guardian")


if __name__ == "__main__":
    main()
