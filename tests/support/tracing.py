"""A gateway whose system calls on its journal are seen, or fail, by strace."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from support.peer import Peer, gateway, mock

HAS_STRACE = shutil.which("strace") is not None
CALLS = re.compile(rb"(fdatasync|write)\((\d+)<([^>]*)>")


def traced(state: Path, fsync: str, *inject: str, profile: str = "balanced") -> Peer:
    """inject: strace's words for what is to fail, such as `fdatasync:error=EIO:when=8..13`."""
    (state / "config.toml").write_text(f'profile = "{profile}"\n[audit]\nfsync = "{fsync}"\n')
    options = [word for each in inject for word in ("-e", f"inject={each}")]
    watched = ["-y", "-qq", "-o", f"{state}/trace", "-e", "trace=fdatasync,write", *options]
    return Peer(["strace", *watched, *gateway(*mock())], state)


def journal_calls(state: Path) -> Iterator[tuple[str, str]]:
    """(system call, what it was done to: journal, heads, or client or server) of the gateway itself, in order."""
    for call, number, path in CALLS.findall((state / "trace").read_bytes()):
        target = path.decode()
        if "/audit/" in target:
            yield call.decode(), "heads" if target.endswith("heads.jsonl") else "journal"
        elif call == b"write" and number != b"2" and target.startswith("pipe:"):
            yield "write", "peer"


def until_refused_and_served_again(peer: Peer, calls: int = 2000) -> list[str]:
    """What calls answer until one passes after one was refused; in between lists are answered."""
    texts: list[str] = []
    refused = False
    for _ in range(calls):
        result = peer.call("echo", text="x")["result"]
        texts.append(result["content"][0]["text"])
        if result.get("isError"):
            refused = True
            assert "result" in peer.ask("tools/list")
        elif refused:
            break
    return texts
