"""Official SDK clients see the same through the gateway as without it, on real servers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import parts

SUPPORT = Path(__file__).parent.parent / "support"
Calls = list[tuple[str, dict[str, Any]]]


def _everything(root: Path) -> tuple[list[str], Calls]:
    calls: Calls = [
        ("echo", {"message": 'é 漢字 🙂 \u2028 "q" \\ /'}),
        ("get-sum", {"a": 1.5, "b": 2}),
        ("get-structured-content", {"location": "Chicago"}),
        ("get-tiny-image", {}),
        ("no-such-tool", {}),
    ]
    return parts.everything_server(), calls


def _filesystem(root: Path) -> tuple[list[str], Calls]:
    (root / "note.txt").write_text("first line\nsecond line\n", encoding="utf-8")
    calls: Calls = [
        ("read_text_file", {"path": str(root / "note.txt")}),
        ("write_file", {"path": str(root / "new.txt"), "content": "a\tb\n"}),
        ("list_directory", {"path": str(root)}),
        ("read_text_file", {"path": str(root / "missing.txt")}),
    ]
    return parts.filesystem_server(root), calls


def _time(root: Path) -> tuple[list[str], Calls]:
    convert = {"source_timezone": "UTC", "time": "12:30", "target_timezone": "Asia/Tokyo"}
    return parts.time_server(), [("convert_time", convert), ("convert_time", {**convert, "time": "25:99"})]


SERVERS: dict[str, Callable[[Path], tuple[list[str], Calls]]] = {
    "everything": _everything,
    "filesystem": _filesystem,
    "time": _time,
}


def _transcript(driver: list[str], calls: Calls, command: list[str]) -> Any:
    done = subprocess.run(
        [*driver, json.dumps(calls), *command],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("sdk", ["1.x", "2.x"])
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.requirement("relay.transparent-sdk")
def test_the_transcript_is_the_same_with_and_without_the_gateway(sdk: str, server: str, tmp_path: Path) -> None:
    root = tmp_path / "files"
    root.mkdir()
    command, calls = SERVERS[server](root)
    python = parts.sdk1_python() if sdk == "1.x" else sys.executable
    driver = [python, "-W", "ignore", str(SUPPORT / ("sdk1_driver.py" if sdk == "1.x" else "sdk2_driver.py"))]
    # The SDKs start a server with few variables of their own choice, so this one is set behind them.
    gateway = [
        "env",
        f"MCPGW_HOME={tmp_path / 'state'}",
        sys.executable,
        "-m",
        "mcpgw",
        "run",
        "--name",
        server,
        "--",
        *command,
    ]
    # The gateway first: what a call leaves behind must be there for both, and its policy is compiled by then.
    through = _transcript(driver, calls, gateway)
    direct = _transcript(driver, calls, command)
    assert through == direct
    if (sdk, server) == ("2.x", "time"):
        assert through[0] == "2026-07-28"  # a session without `initialize`, between two real parts
    assert len(through) >= len(calls)
