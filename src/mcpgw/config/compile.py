"""Compiles the policy sources to the snapshot that the data plane reads; what does not compile changes nothing.

`python -m mcpgw.config.compile ROOT` is how the data plane asks for it.
"""

import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

from mcpgw.config.effective import PolicyTable, layering, policy_table, unused_overlays
from mcpgw.config.fault import Fault, SourceFault, raise_if_any
from mcpgw.config.packs import native_faults
from mcpgw.config.scandb import Ahead, begin_database, compile_database, engine_for, is_intact
from mcpgw.config.settings import kept_journals
from mcpgw.config.sources import PolicySources, Stamp, read_sources, stamp_sources
from mcpgw.config.store import current_digest, store, stored_database
from mcpgw.detect.pattern import Pattern
from mcpgw.errors import ConfigFault, EnvironmentFault, ExitCode, McpgwError
from mcpgw.files import PRIVATE_FILE_MODE, make_private_dir, write_atomic
from mcpgw.paths import StateLayout
from mcpgw.policy.overlay import Chosen, MergedPolicy
from mcpgw.policy.rule import Action
from mcpgw.registry import ledger
from mcpgw.version import VERSION

SNAPSHOT_VERSION = 1
# A compile takes well under a second; who waits longer waits for a stopped process.
LOCK_WAIT_SECONDS = 10.0
LOCK_POLL_SECONDS = 0.02
# Compiles in a row of sources that keep changing; after that the next message asks again.
MAX_ROUNDS = 5


class CompileBusy(EnvironmentFault):
    """Another process is compiling the policy."""


@dataclass(frozen=True, slots=True)
class CompileResult:
    """digest: of the snapshot in force.  changed: whether it is another one than before.  warnings: for people."""

    digest: str
    changed: bool
    warnings: tuple[str, ...]


def database_ahead(layout: StateLayout) -> Ahead | None:
    """Begins the scan database of the next compile, for whoever has something else to do before it.

    None where one is stored, where there is no native engine, and where the sources are not valid.
    """
    try:
        patterns = _patterns(read_sources(layout))
        engine = engine_for(patterns)
        if engine.name == "re" or next(stored_database(layout, engine.key), None) is not None:
            return None
    except (ConfigFault, OSError):
        return None  # the compile itself says so
    return begin_database(patterns, engine.key)


def compile_policy(
    layout: StateLayout,
    *,
    wait_seconds: float = LOCK_WAIT_SECONDS,
    clock: Callable[[], float] = time.time,
    ahead: Ahead | None = None,
) -> CompileResult:
    """Compiles and puts in force. ahead: a database that was begun before.

    Raises ConfigFault (the last good snapshot stays, policy/problem.json says why), CompileBusy, EnvironmentFault.
    """
    try:
        make_private_dir(layout.root)
        make_private_dir(layout.policy_dir)
        with _compile_lock(layout, wait_seconds):
            return _compile(layout, clock(), ahead)
    except OSError as error:
        raise EnvironmentFault(
            f"the policy cannot be compiled: {error.filename or layout.policy_dir}: {error.strerror}",
            "Make room or give yourself the right to write there, then run it again.",
        ) from error


def _compile(layout: StateLayout, now: float, ahead: Ahead | None) -> CompileResult:
    stamps = stamp_sources(layout)
    try:
        sources = read_sources(layout)
        entries = ledger.entries(layout)
        layers = layering(sources)
        content, database = _content(layout, sources, policy_table(layers, entries), ahead)
    except ConfigFault as fault:
        _note_problem(layout, fault, stamps, now)
        raise
    before = current_digest(layout)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    made = {"v": SNAPSHOT_VERSION, "digest": digest, "created": now, "sources": [asdict(each) for each in stamps]}
    store(layout, {**made, **content}, database)
    with suppress(FileNotFoundError):
        os.unlink(layout.policy_problem)
    unused = unused_overlays(layers, entries) if entries else ()
    return CompileResult(digest, digest != before, tuple(f"{name} matches no installed server" for name in unused))


def _patterns(sources: PolicySources) -> tuple[Pattern, ...]:
    return tuple(pattern for pack in sources.packs for pattern in pack.patterns)


def _content(
    layout: StateLayout, sources: PolicySources, table: PolicyTable, ahead: Ahead | None
) -> tuple[dict[str, Any], bytes | None]:
    """What the digest covers, and the scan database. Raises SourceFault for patterns that the engine refuses."""
    patterns = _patterns(sources)
    engine = engine_for(patterns)
    database = None if engine.name == "re" else _database(layout, sources, patterns, engine.key, ahead)
    content = {
        "mcpgw": VERSION,
        "engine": engine.plain,
        "log": {"level": sources.config.log.level or "info"},
        "journals": {key: kept_journals(sources.config)[key] for key in ("keep_days", "max_bytes")},
        "patterns": [rule for pack in sources.packs for rule in pack.rules],
        "policies": [_plain_policy(name, policy) for name, policy in table.policies],
        "default": 0,
        "entries": table.entries,
        "names": table.names,
    }
    return content, database


def _database(
    layout: StateLayout, sources: PolicySources, patterns: Sequence[Pattern], key: str, ahead: Ahead | None
) -> bytes:
    """The stored database of this key, else a new one."""
    stored = next((database for database in stored_database(layout, key) if is_intact(database)), None)
    if stored is not None:
        return stored
    begun = ahead.database if ahead is not None and ahead.key == key else None
    database = compile_database(patterns) if begun is None else begun.result()
    if database is None:
        raise_if_any(fault for pack in sources.packs for fault in native_faults(pack))
        where = sources.packs[-1].document.path
        raise SourceFault([Fault(where, 0, "", "the packs together are too large for the scan engine")])
    return database


def _plain_policy(name: str, policy: MergedPolicy) -> dict[str, Any]:
    """A policy as the snapshot holds it."""
    settings: dict[str, Any] = {"frames": {}, "audit": {}, "server": {}, "timeouts": {}}
    for key, chosen in policy.settings.items():
        section, _, inner = key.rpartition(".")
        (settings[section] if section else settings)[inner] = chosen.value
    rules = {
        rule: [*map(_label, (each.to_server, each.to_client, each.metadata)), each.severity.value]
        for rule, each in policy.rules.items()
    }
    return {"name": name, "profile": policy.profile.value, "rules": rules, **settings}


def _label(action: Chosen[Action]) -> str | None:
    """The snapshot's word for an action; None = off."""
    return None if action.value is Action.ALLOW else action.value.label


def _note_problem(layout: StateLayout, fault: ConfigFault, stamps: Sequence[Stamp], now: float) -> None:
    """Writes policy/problem.json; sources: what was tried, so that nobody tries the same again."""
    faults = fault.faults if isinstance(fault, SourceFault) else ()
    problem = {
        "v": 1,
        "at": now,
        "message": fault.message,
        "next_step": fault.next_step,
        "file": faults[0].file if faults else "",
        "faults": [str(each) for each in faults],
        "sources": [asdict(each) for each in stamps],
    }
    # The fault itself matters more than the note about it.
    with suppress(OSError):
        write_atomic(layout.policy_problem, json.dumps(problem, ensure_ascii=False).encode())


@contextmanager
def _compile_lock(layout: StateLayout, wait_seconds: float) -> Iterator[None]:
    """Holds policy/compile.held. Raises CompileBusy after `wait_seconds`."""
    descriptor = os.open(layout.compile_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE_MODE)
    try:
        _acquire(descriptor, time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise CompileBusy(
                    "another process is compiling the policy", "Wait a moment, then run it again."
                ) from None
        time.sleep(LOCK_POLL_SECONDS)


def main(argv: Sequence[str]) -> int:
    """Compiles the policy below argv[0]: 0 done or being done by another process, 3 invalid, 6 disk or lock."""
    if len(argv) != 1 or not os.path.isabs(argv[0]):
        sys.stderr.write("usage: python -m mcpgw.config.compile STATE_DIRECTORY\n")
        return ExitCode.USAGE
    layout = StateLayout(argv[0])
    code = ExitCode.DONE
    for _ in range(MAX_ROUNDS):
        stamps = stamp_sources(layout)
        code = _compile_once(layout)
        # Who found the lock held has left; what changed meanwhile is this process's to compile.
        if stamp_sources(layout) == stamps:
            break
    return code


def _compile_once(layout: StateLayout) -> ExitCode:
    try:
        compile_policy(layout, wait_seconds=0)
        # Who asked for it may have failed to read what was in force already: it reads again what looks new.
        os.utime(layout.policy_current)
    except CompileBusy:
        return ExitCode.DONE
    except McpgwError as error:
        sys.stderr.write(f"mcpgw: {error.message}\n  next: {error.next_step}\n")
        return error.exit_code
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
