#!/usr/bin/env python3
"""What config surgery costs: `mcpgw install --yes` and `uninstall --yes` in scratch homes. Gates nothing.

    python bench/config.py [--mb 60] [--files 40] [--servers 200] [--json]

One home has a huge `.claude.json`, mostly history; one has many small files; one has none, to tell what the command
itself costs. Printed are seconds, processor seconds (other work on the machine moves them less) and peak memory; the
second install finds launcher, runtime and policy in place, as a user's second one does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

VERBS = ("install", "uninstall", "install", "uninstall")


def server(number: int) -> dict[str, object]:
    return {"command": "npx", "args": ["-y", f"server-{number}"], "env": {"TOKEN": f"${{TOKEN_{number}}}"}}


def big_home(home: Path, size: int) -> None:
    """Half of it in projects with histories of their own, half in one history."""
    prompts = [{"display": f"explain line {n} of this file\n" * 6, "pastedContents": {}} for n in range(500)]
    repeats = size // (2 * len(json.dumps({"projects": {"/p": {"history": prompts}}}, indent=2)))
    projects = {f"/p/{n}": {"history": prompts, "mcpServers": {"db": server(n)}} for n in range(repeats)}
    projects["/p/all"] = {"history": prompts * repeats, "mcpServers": {}}
    tree = {"numStartups": 1, "mcpServers": {"fs": server(0)}, "projects": projects}
    (home / ".claude.json").write_text(json.dumps(tree, indent=2))


def many_files(home: Path, files: int, servers: int) -> None:
    """The profiles of an editor, which share the servers out among them."""
    for file in range(files):
        path = home / ".config" / "Code" / "User" / "profiles" / str(file) / "mcp.json"
        path.parent.mkdir(parents=True)
        mine = {f"s{number}": {"type": "stdio", **server(number)} for number in range(file, servers, files)}
        path.write_text("// mine\n" + json.dumps({"inputs": [], "servers": mine}, indent=2))


def apart(furnish: Callable[[Path], None], home: Path) -> None:
    """In a process of its own: a child's ru_maxrss begins with what its parent held when it was started."""
    pid = os.fork()
    if pid == 0:
        furnish(home)
        os._exit(0)
    os.waitpid(pid, 0)


def run(home: Path, verb: str) -> tuple[float, float, float]:
    """(seconds, seconds of processor time, peak MB) of one command."""
    environ = {"HOME": str(home), "MCPGW_HOME": str(home / "state"), "PATH": "/usr/bin:/bin"}
    argv = [sys.executable, "-m", "mcpgw", verb, "--yes", "--force"]
    output = os.open(home / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    started = time.perf_counter()
    actions = [(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    pid = os.posix_spawn(sys.executable, argv, environ | path_of_sources(), file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    os.close(output)
    if os.waitstatus_to_exitcode(status):
        sys.exit((home / "output").read_text())
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def path_of_sources() -> dict[str, str]:
    """Lets the child run what this process would import."""
    return {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mb", type=int, default=60)
    options.add_argument("--files", type=int, default=40)
    options.add_argument("--servers", type=int, default=200)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    homes = {
        "no files": lambda home: None,
        f"{chosen.mb} MB": lambda home: big_home(home, chosen.mb * 1_000_000),
        f"{chosen.files} files": lambda home: many_files(home, chosen.files, chosen.servers),
    }
    rows = []
    for name, furnish in homes.items():
        with tempfile.TemporaryDirectory(prefix="mcpgw-bench-") as directory:
            apart(furnish, Path(directory))
            rows += [(name, verb, *run(Path(directory), verb)) for verb in VERBS]
    if chosen.json:
        fields = ("home", "verb", "seconds", "cpu_seconds", "peak_mb")
        print(json.dumps([dict(zip(fields, row, strict=True)) for row in rows]))
        return
    for name, verb, seconds, cpu_seconds, peak in rows:
        print(f"{name:>10}  {verb:<10} {seconds:6.2f} s {cpu_seconds:6.2f} s of processor {peak:5.0f} MB")


if __name__ == "__main__":
    main()
