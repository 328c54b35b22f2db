#!/usr/bin/env python3
"""What a gateway instance costs, beside a direct run and beside the least that a relay can do. Gates nothing.

    python bench/relay.py [--rounds 3] [--calls 2000] [--instances 10] [--json]

`direct` is a client and an echo server, `copier` has a C program between them that copies bytes, `mcpgw` a gateway with
all rules and the audit on. They are asked in turn, so that noise hits all alike. Report the ratios: microseconds move
with the machine's load. Needs a C compiler as `cc`.
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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SIZES = (1024, 32 * 1024, 1024 * 1024)
IN_FLIGHT = 64
TEXT = "for x in range(10): total += x * 2\n" * 25
SLOW_START = ("sh", "-c", 'sleep 0.3; exec "$@"', "sh")
IDLE_SECONDS = 3.0
Relays = Mapping[str, list[str]]


class Peer:
    """A started command and the time until it answered `initialize`."""

    def __init__(self, argv: list[str], env: dict[str, str]) -> None:
        started = time.perf_counter()
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, bufsize=0
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        self._ask([{"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}])
        self.start_ms = (time.perf_counter() - started) * 1000
        os.write(self._to, b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        self._next = 0

    def _ask(self, messages: list[dict[str, Any]]) -> None:
        """Writes them at once and reads as many answers."""
        os.write(self._to, b"".join(json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in messages))
        missing, part = len(messages), b""
        while missing > 0 or not part.endswith(b"\n"):
            part = os.read(self._from, 1 << 20)
            if not part:
                raise SystemExit("the server ended")
            missing -= part.count(b"\n")

    def _calls(self, count: int, arguments: dict[str, Any]) -> list[dict[str, Any]]:
        first, self._next = self._next + 1, self._next + count
        params = {"name": "echo", "arguments": arguments}
        return [
            {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
            for number in range(first, first + count)
        ]

    def call(self, size: int) -> float:
        """Microseconds of one tools/call whose answer has about `size` bytes."""
        messages = self._calls(1, {"n": size})
        started = time.perf_counter()
        self._ask(messages)
        return (time.perf_counter() - started) * 1e6

    def rate(self, rounds: int) -> float:
        """Calls a second with a burst of them in flight, requests and answers of about 1 KiB."""
        bursts = [self._calls(IN_FLIGHT, {"n": 900, "text": TEXT}) for _ in range(rounds)]
        started = time.perf_counter()
        for burst in bursts:
            self._ask(burst)
        return rounds * IN_FLIGHT / (time.perf_counter() - started)

    def pss_mb(self) -> float:
        """Proportional set size of what stands between client and server."""
        return sum(_pss_kib(pid) for pid in self._middle()) / 1024

    def cpu_seconds(self) -> float:
        return sum(_cpu_seconds(pid) for pid in self._middle())

    def _middle(self) -> list[int]:
        """The started process and those below it that have children of their own: no server."""
        found = [self._process.pid]
        for pid in found:
            found += [child for child in _children(pid) if _children(child)]
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _pss_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(relays: Relays, server: list[str], env: dict[str, str], options: argparse.Namespace) -> dict[str, Any]:
    """Figures by relay, medians over all rounds."""
    times: dict[tuple[str, int], list[float]] = {}
    starts: dict[tuple[str, bool], list[float]] = {}
    rates: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        for is_slow in (False, True):
            for name, relay in relays.items():
                peer = Peer([*relay, *(SLOW_START if is_slow else ()), *server], env)
                starts.setdefault((name, is_slow), []).append(peer.start_ms)
                peer.close()
        peers = {name: Peer([*relay, *server], env) for name, relay in relays.items()}
        for size in SIZES:
            for _ in range(max(10, options.calls * 1024 // size if size > 1024 else options.calls)):
                for name, peer in peers.items():
                    times.setdefault((name, size), []).append(peer.call(size))
        for name, peer in peers.items():
            rates.setdefault(name, []).append(peer.rate(options.calls // IN_FLIGHT + 1))
            peer.close()
    return {
        name: {
            "start_ms": statistics.median(starts[name, False]),
            "slow_start_ms": statistics.median(starts[name, True]),
            "p50_us": {size: statistics.median(times[name, size]) for size in SIZES},
            "p99_us": {size: statistics.quantiles(times[name, size], n=100)[98] for size in SIZES},
            "calls_a_second": statistics.median(rates[name]),
            **_many([*relay, *server], env, options.instances),
        }
        for name, relay in relays.items()
    }


def _many(argv: list[str], env: dict[str, str], count: int) -> dict[str, float]:
    """What instances beside each other weigh, and what they do while nobody asks."""
    peers = [Peer(argv, env) for _ in range(count)]
    before, started = sum(peer.cpu_seconds() for peer in peers), time.perf_counter()
    weight = sum(peer.pss_mb() for peer in peers) / count
    time.sleep(IDLE_SECONDS)
    idle = (sum(peer.cpu_seconds() for peer in peers) - before) / (time.perf_counter() - started) / count
    for peer in peers:
        peer.close()
    return {"pss_mb": weight, "idle_cpu_percent": idle * 100}


def table(found: dict[str, Any]) -> Iterator[str]:
    """The figures as a Markdown table: what a relay adds to `direct`, and how that compares with the copier's."""
    direct = found["direct"]
    head = [f"+p50 {size // 1024} KiB us" for size in SIZES]
    columns = ["", *head, "+p99 1 KiB us", "calls a second", "+start ms", "+slow start ms", "PSS MB", "idle CPU %"]
    yield "| " + " | ".join(columns) + " |"
    yield "|---" * len(columns) + "|"
    for name, one in found.items():
        added = [one["p50_us"][size] - direct["p50_us"][size] for size in SIZES]
        cells = [
            name,
            *(f"{each:.0f}" for each in added),
            f"{one['p99_us'][1024] - direct['p99_us'][1024]:.0f}",
            f"{one['calls_a_second']:,.0f}",
            f"{one['start_ms'] - direct['start_ms']:.0f}",
            f"{one['slow_start_ms'] - direct['slow_start_ms']:.0f}",
            "-" if one is direct else f"{one['pss_mb']:.1f}",
            "-" if one is direct else f"{one['idle_cpu_percent']:.1f}",
        ]
        yield "| " + " | ".join(cells) + " |"
    ours, least = (found[name]["p50_us"][1024] for name in ("mcpgw", "copier"))
    base = direct["p50_us"][1024]
    yield ""
    beside = (ours - base) / (least - base)
    yield f"1 KiB: {ours / base:.1f} times direct ({base:.0f} us); it adds {beside:.1f} times what the copier adds"


def native_peers(home: str) -> str:
    """The compiled `peers.c`: the copier and the echo server."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers.c")
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", source, "-o", f"{home}/peers"], check=True)
    return f"{home}/peers"


def launcher(env: dict[str, str], home: str) -> list[str]:
    """The installed launcher in a state directory of its own, as users run it."""
    script = (
        "import sys; from mcpgw.paths import StateLayout; from mcpgw.config.compile import compile_policy; "
        "from mcpgw.installers.launcher import ensure_launcher; layout = StateLayout(sys.argv[1]); "
        "compile_policy(layout); ensure_launcher(layout)"
    )
    subprocess.run([sys.executable, "-c", script, home], env=env, check=True)
    return [f"{home}/bin/mcpgw", "run", "--name", "bench", "--"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--instances", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcpgw-bench-") as home:
        peers = native_peers(home)
        env = {**os.environ, "MCPGW_HOME": home}
        relays = {"direct": [], "copier": [peers, "copy"], "mcpgw": launcher(env, home)}
        found = measure(relays, [peers, "echo"], env, options)
    print(json.dumps(found, indent=2) if options.json else "\n".join(table(found)))


if __name__ == "__main__":
    main()
