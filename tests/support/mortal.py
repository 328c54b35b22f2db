"""A gateway before a server that ends and comes back, and what each of them left."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mcpgw.paths import StateLayout
from mcpgw.state.instance import read_instances
from support.peer import Peer, gateway

SERVER = str(Path(__file__).with_name("mortal_server.py"))


def mortal_server(notes: Path, *options: str) -> list[str]:
    """The command line of a server that leaves its notes there."""
    return [sys.executable, "-I", "-S", SERVER, str(notes), *options]


class Mortal:
    """One gateway before a mortal server. delay: of its first restart; deaths: after which it is given up."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / "state"
        self.notes = root / "notes"
        self.notes.mkdir()

    def start(self, *options: str, settings: str = "", profile: str = "balanced") -> Peer:
        self.state.mkdir(exist_ok=True)
        server = f"[server]\nrestart_delay_seconds = 0\n{settings}"
        (self.state / "config.toml").write_text(f'profile = "{profile}"\n{server}\n')
        return Peer(gateway(*mortal_server(self.notes, *options), name="mortal"), self.state)

    def seen(self, life: int) -> list[dict[str, Any]]:
        """What one life of the server read."""
        lines = (line.partition(" ") for line in (self.notes / "seen").read_text().splitlines())
        return [json.loads(frame) for number, _, frame in lines if number == str(life)]

    def methods(self, life: int) -> list[str]:
        return [message.get("method", "answer") for message in self.seen(life)]

    @property
    def lives(self) -> int:
        return len((self.notes / "lives").read_text())

    def status(self) -> Any:
        (instance,) = read_instances(StateLayout(str(self.state)))
        assert instance.record is not None
        return instance.record

    def deeds(self) -> list[tuple[str, str]]:
        """(method, decision) of the journal's records of deeds."""
        lines = [line for file in self.state.glob("audit/2*/*.jsonl") for line in file.read_text().splitlines()]
        return [(one["method"], one["decision"]) for one in map(json.loads, lines) if one["direction"] == "control"]


def text(answer: dict[str, Any]) -> str:
    return str(answer["result"]["content"][0]["text"])
