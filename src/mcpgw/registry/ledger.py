"""The ledger says what was changed and how to put it back; it is appended and synced before the change.

One JSON object a line. Readers pass over what is not of our making, and a line that a crash cut off: it was never
acted upon.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from mcpgw.errors import ConfigFault, EnvironmentFault
from mcpgw.files import PRIVATE_FILE_MODE, fsync_dir, make_private_dir, read_bytes, write_all
from mcpgw.paths import StateLayout
from mcpgw.registry.entry import Command, unwrap

VERSION = 1


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An entry that is routed, or is about to be.

    before, after: what it started before our edit, and what we wrote; None in a ledger older than these fields.
    origin: the shared config file whose entry this local one stands in for; None for an entry of its own.
    digest: of the whole entry, where that was written.  container: mcpgw made the object that holds the entry.
    """

    entry_id: str
    name: str
    client: str
    scope: str
    project: str | None
    config_file: str
    before: Command | None = None
    after: Command | None = None
    origin: str | None = None
    digest: str | None = None
    container: bool = False

    @property
    def gateway_id(self) -> str:
        """The id under which its gateway runs, as its args say: a shadow's is that of its origin."""
        wrapped = unwrap(self.after[1]) if self.origin is not None and self.after is not None else None
        return self.entry_id if wrapped is None else wrapped.entry_id


@dataclass(frozen=True, slots=True)
class Replaced:
    """One edited span, in offsets of the file after the edit; `original` is the old bytes read as Latin-1."""

    start: int
    length: int
    original: str


@dataclass(frozen=True, slots=True)
class Step:
    """One edit of one file: how it was before and after, and the way back.

    entries: what it routes.  gone: ids of the entries that it takes the gateway off; they count as routed until done.
    replaced: empty where there is no way back, which is where nothing is routed.  locked: it is made under the
    client's lock.
    """

    number: int  # unique in the ledger
    file: str
    realpath: str
    sha256_before: str
    sha256_after: str
    replaced: tuple[Replaced, ...]
    entries: tuple[LedgerEntry, ...]
    gone: tuple[str, ...] = ()
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger as folded from its lines.

    steps: edits that were planned and not found undone.  open_steps: numbers of those without a done record.
    installed: what is routed, or is about to be.  seen: entry ids at the last install, None when there was none.
    opted_out: ids of the entries that the user has excepted for good.
    """

    steps: tuple[Step, ...] = ()
    open_steps: frozenset[int] = frozenset()
    installed: tuple[LedgerEntry, ...] = ()
    seen: frozenset[str] | None = None
    opted_out: frozenset[str] = frozenset()
    next_number: int = 1

    def files(self) -> tuple[str, ...]:
        """Files with an entry of ours, each once."""
        return tuple(dict.fromkeys(each.config_file for each in self.installed))

    def step_to(self, file: str, sha256: str) -> Step | None:
        """The latest edit with a way back after which the file had this hash."""
        found = (step for step in reversed(self.steps) if step.file == file and step.sha256_after == sha256)
        return next((step for step in found if step.replaced), None)


def entries(layout: StateLayout) -> tuple[LedgerEntry, ...]:
    """What is routed now or about to be, as its gateways know it, for the policy compiler. Raises as `read_ledger`.

    A shadow has the policy of the shared entry that it stands before.
    """
    return tuple(
        each
        if each.origin is None
        else replace(each, entry_id=each.gateway_id, scope="project", config_file=each.origin)
        for each in read_ledger(layout).installed
    )


def read_ledger(layout: StateLayout) -> Ledger:
    """The ledger, empty when there is none. Raises EnvironmentFault, and ConfigFault for a newer format."""
    try:
        content = read_bytes(layout.ledger_file)
    except (FileNotFoundError, NotADirectoryError):
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


def choice_record(*, opted_out: Iterable[str], at: float) -> dict[str, Any]:
    """The whole set of entry ids that the user has excepted; the last record wins."""
    return {"kind": "choice", "at": at, "opted_out": sorted(opted_out)}


def uninstall_record(file: str, entry_ids: Iterable[str], *, at: float) -> dict[str, Any]:
    """These entries of this file are ours no longer."""
    return {"kind": "uninstall", "at": at, "file": file, "entries": sorted(entry_ids)}


def append(layout: StateLayout, *records: dict[str, Any], synced: bool = True) -> None:
    """Appends; on return the records survive a power cut where they are `synced`. Raises EnvironmentFault."""
    lines = b"".join(json.dumps({"v": VERSION, **record}).encode() + b"\n" for record in records)
    try:
        make_private_dir(layout.root)
        is_new = not os.path.exists(layout.ledger_file)
        descriptor = os.open(layout.ledger_file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE_FILE_MODE)
        try:
            write_all(descriptor, _line_end(descriptor) + lines)
            if synced:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
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
        except (ValueError, RecursionError):
            continue
        if not isinstance(record, dict) or "v" not in record:
            continue
        if not isinstance(record.get("v"), int) or record["v"] > VERSION:
            raise ConfigFault(
                f"{path} was written by a newer mcpgw", "Upgrade mcpgw, then run it again; nothing was changed."
            )
        yield record


def _folded(records: Iterator[dict[str, Any]]) -> Ledger:
    fold = _Fold()
    for record in records:
        with suppress(LookupError, TypeError, ValueError):
            fold.take(record)
    return Ledger(
        tuple(fold.steps.values()),
        frozenset(fold.open_steps),
        tuple(fold.installed.values()),
        fold.seen,
        fold.opted_out,
        fold.highest + 1,
    )


class _Fold:
    """What the records so far add up to."""

    def __init__(self) -> None:
        self.steps: dict[int, Step] = {}
        self.open_steps: set[int] = set()
        self.replaced: dict[int, dict[tuple[str, str], LedgerEntry | None]] = {}  # what an undone step gives back
        self.installed: dict[tuple[str, str], LedgerEntry] = {}
        self.seen: frozenset[str] | None = None
        self.opted_out: frozenset[str] = frozenset()
        self.highest = 0

    def take(self, record: dict[str, Any]) -> None:
        match record.get("kind"):
            case "plan":
                self._plan(_step(record))
            case "done":
                self._done(record["number"])
            case "undone":
                self._undone(record["number"])
            case "install":
                self.seen = frozenset(record["seen"])
            case "choice":
                self.opted_out = frozenset(record["opted_out"])
            case "uninstall":
                self._forget(record["file"], record["entries"])

    def _plan(self, step: Step) -> None:
        self.highest = max(self.highest, step.number)
        self.steps[step.number] = step
        self.open_steps.add(step.number)
        routed = {(each.config_file, each.entry_id): each for each in step.entries}
        self.replaced[step.number] = {key: self.installed.get(key) for key in routed}
        self.installed.update(routed)

    def _done(self, number: int) -> None:
        self.open_steps.discard(number)
        step = self.steps.get(number)
        if step is not None:
            self._forget(step.file, step.gone)

    def _undone(self, number: int) -> None:
        self.open_steps.discard(number)
        self.steps.pop(number, None)
        for key, earlier in self.replaced.pop(number, {}).items():
            if earlier is None:
                self.installed.pop(key, None)
            else:
                self.installed[key] = earlier

    def _forget(self, file: str, entry_ids: Iterable[str]) -> None:
        for entry_id in entry_ids:
            self.installed.pop((file, entry_id), None)


def _step(record: dict[str, Any]) -> Step:
    return Step(
        number=record["number"],
        file=record["file"],
        realpath=record["realpath"],
        sha256_before=record["sha256_before"],
        sha256_after=record["sha256_after"],
        replaced=tuple(Replaced(each["start"], each["length"], each["original"]) for each in record["replaced"]),
        entries=tuple(_entry(each) for each in record["entries"]),
        gone=tuple(record.get("gone", ())),
        locked=record.get("locked", False),
    )


def _entry(record: dict[str, Any]) -> LedgerEntry:
    return LedgerEntry(
        record["entry_id"],
        record["name"],
        record["client"],
        record["scope"],
        record["project"],
        record["config_file"],
        before=_command(record.get("before")),
        after=_command(record.get("after")),
        origin=record.get("origin"),
        digest=record.get("digest"),
        container=record.get("container", False),
    )


def _command(value: list[Any] | None) -> Command | None:
    if value is None:
        return None
    command, args = value
    return (command, None if args is None else tuple(args))
