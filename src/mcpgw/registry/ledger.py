"""The ledger says what was changed and how to put it back; it is appended and synced before the change.

One JSON object a line. A line that a crash cut off was never acted upon, so readers pass over it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from mcpgw.errors import ConfigFault, EnvironmentFault
from mcpgw.files import PRIVATE_FILE_MODE, fsync_dir, make_private_dir, read_bytes, write_all
from mcpgw.paths import StateLayout

VERSION = 1


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An entry that is routed, or is about to be."""

    entry_id: str
    name: str
    client: str
    scope: str
    project: str | None
    config_file: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """One edited span, in offsets of the file after the edit; `original` is the old bytes read as Latin-1."""

    start: int
    length: int
    original: str


@dataclass(frozen=True, slots=True)
class Step:
    """One edit of one file by `install`: how it was before and after, and the way back."""

    number: int  # unique in the ledger
    file: str
    realpath: str
    sha256_before: str
    sha256_after: str
    replaced: tuple[Replaced, ...]
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger as folded from its lines.

    steps: edits that were planned and not found undone.  open_steps: numbers of those without a done record.
    installed: entry id and file of what is routed.  seen: entry ids at the last install, None when there was none.
    """

    steps: tuple[Step, ...] = ()
    open_steps: frozenset[int] = frozenset()
    installed: tuple[LedgerEntry, ...] = ()
    seen: frozenset[str] | None = None
    next_number: int = 1

    def files(self) -> tuple[str, ...]:
        """Files with an entry of ours, each once."""
        return tuple(dict.fromkeys(each.config_file for each in self.installed))

    def step_to(self, file: str, sha256: str) -> Step | None:
        """The latest edit after which the file had this hash."""
        return next((step for step in reversed(self.steps) if step.file == file and step.sha256_after == sha256), None)


def entries(layout: StateLayout) -> tuple[LedgerEntry, ...]:
    """What is routed now or about to be, for the policy compiler. Raises as `read_ledger`."""
    return read_ledger(layout).installed


def read_ledger(layout: StateLayout) -> Ledger:
    """The ledger, empty when there is none. Raises EnvironmentFault, and ConfigFault for a newer format."""
    try:
        content = read_bytes(layout.ledger_file)
    except FileNotFoundError:
        return Ledger()
    except OSError as error:
        raise EnvironmentFault(
            f"{layout.ledger_file} cannot be read: {error.strerror}", "Give yourself the right to read it."
        ) from error
    return _folded(_records(content, layout.ledger_file))


def plan_record(step: Step, *, at: float) -> dict[str, Any]:
    """To be appended before the first byte of the file changes."""
    return {"kind": "plan", "at": at, **asdict(step)}


def done_record(step: Step, *, at: float) -> dict[str, Any]:
    return {"kind": "done", "at": at, "number": step.number}


def undone_record(step: Step, *, at: float) -> dict[str, Any]:
    """The planned edit never took place."""
    return {"kind": "undone", "at": at, "number": step.number}


def install_record(seen: Iterable[str], *, at: float) -> dict[str, Any]:
    """The entry ids that existed at an install, so that a later one is known as new."""
    return {"kind": "install", "at": at, "seen": sorted(seen)}


def uninstall_record(file: str, entry_ids: Iterable[str], *, at: float) -> dict[str, Any]:
    """These entries of this file are ours no longer."""
    return {"kind": "uninstall", "at": at, "file": file, "entries": sorted(entry_ids)}


def append(layout: StateLayout, *records: dict[str, Any]) -> None:
    """Appends and syncs; on return the records survive a power cut. Raises EnvironmentFault."""
    lines = b"".join(json.dumps({"v": VERSION, **record}).encode() + b"\n" for record in records)
    try:
        make_private_dir(layout.root)
        descriptor = os.open(layout.ledger_file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE_MODE)
        try:
            write_all(descriptor, _line_end(descriptor) + lines)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fsync_dir(layout.root)
    except OSError as error:
        raise EnvironmentFault(
            f"the ledger {layout.ledger_file} cannot be written: {error.strerror}",
            "Make room or give the right to write there; no client file was changed without it.",
        ) from error


def _line_end(descriptor: int) -> bytes:
    """A newline where a crash left the last line without one."""
    size = os.fstat(descriptor).st_size
    return b"" if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n" else b"\n"


def _records(content: bytes, path: str) -> Iterator[dict[str, Any]]:
    for line in content.split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if not isinstance(record, dict):
            continue
        if not isinstance(record.get("v"), int) or record["v"] > VERSION:
            raise ConfigFault(
                f"{path} was written by a newer mcpgw", "Upgrade mcpgw, then run it again; nothing was changed."
            )
        yield record


def _folded(records: Iterator[dict[str, Any]]) -> Ledger:
    steps: dict[int, Step] = {}
    open_steps: set[int] = set()
    installed: dict[tuple[str, str], LedgerEntry] = {}
    seen: frozenset[str] | None = None
    highest = 0
    for record in records:
        match record.get("kind"):
            case "plan":
                step = _step(record)
                highest = max(highest, step.number)
                steps[step.number] = step
                open_steps.add(step.number)
                installed.update({(each.config_file, each.entry_id): each for each in step.entries})
            case "done":
                open_steps.discard(record["number"])
            case "undone":
                _drop_step(record["number"], steps, open_steps, installed)
            case "install":
                seen = frozenset(record["seen"])
            case "uninstall":
                for entry in record["entries"]:
                    installed.pop((record["file"], entry), None)
    return Ledger(tuple(steps.values()), frozenset(open_steps), tuple(installed.values()), seen, highest + 1)


def _drop_step(
    number: int,
    steps: dict[int, Step],
    open_steps: set[int],
    installed: dict[tuple[str, str], LedgerEntry],
) -> None:
    open_steps.discard(number)
    step = steps.pop(number, None)
    earlier = {entry.entry_id for other in steps.values() for entry in other.entries}
    for entry in step.entries if step else ():
        if entry.entry_id not in earlier:
            installed.pop((entry.config_file, entry.entry_id), None)


def _step(record: dict[str, Any]) -> Step:
    return Step(
        number=record["number"],
        file=record["file"],
        realpath=record["realpath"],
        sha256_before=record["sha256_before"],
        sha256_after=record["sha256_after"],
        replaced=tuple(Replaced(each["start"], each["length"], each["original"]) for each in record["replaced"]),
        entries=tuple(
            LedgerEntry(
                each["entry_id"],
                each["name"],
                each["client"],
                each["scope"],
                each["project"],
                each["config_file"],
            )
            for each in record["entries"]
        ),
    )
