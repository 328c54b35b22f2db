#!/usr/bin/env python3
"""What each `audit.fsync` costs a call of 1 KiB, as ratios against a direct run in the same run. Gates nothing.

    python bench/fsync.py [--calls 3000] [--home DIRECTORY]

The journals lie below DIRECTORY, so name one on the disk that is asked about: /tmp may be memory.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from relay import Peer, launcher, native_peers

BYTES = 1024
POLICIES = ("never", "group", "always")


def measure(calls: int, home: str) -> dict[str, list[float]]:
    """Microseconds of each call, asked in turn of the server itself and through each policy."""
    os.mkdir(f"{home}/rules")
    for policy in POLICIES:
        Path(home, "rules", f"{policy}.toml").write_text(f'[match]\nname = "{policy}"\n[audit]\nfsync = "{policy}"\n')
    env = {**os.environ, "MCPGW_HOME": home}
    server = [native_peers(home), "echo"]
    gateway, *_ = launcher(env, home)
    peers = {"direct": Peer(server, env)}
    peers |= {policy: Peer([gateway, "run", "--name", policy, "--", *server], env) for policy in POLICIES}
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(calls):
        for name, peer in peers.items():
            times[name].append(peer.call(BYTES))
    for peer in peers.values():
        peer.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--home", default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mcpgw-bench-", dir=options.home) as home:
        times = measure(options.calls, home)
    direct = statistics.median(times["direct"])
    for name, values in times.items():
        middle, late = statistics.median(values), statistics.quantiles(values, n=100)[98]
        print(f"{name:>8}   p50 {middle:7.0f} us   x {middle / direct:6.2f}   p99 {late:7.0f} us")


if __name__ == "__main__":
    main()
