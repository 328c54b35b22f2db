"""A snapshot appears whole or not at all: written beside, renamed into place, and only then named by `current`."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from mcpgw.files import PRIVATE_FILE_MODE, fsync_dir, make_private_dir, read_bytes, write_atomic
from mcpgw.paths import StateLayout

SNAPSHOT_FILE = "snapshot.json"
DATABASE_FILE = "scan.db"
# Instances that read `current` a moment ago may still be opening an older one.
KEPT_SNAPSHOTS = 3
_TEMPORARY = ".new-"


def current_digest(layout: StateLayout) -> str | None:
    """The digest of the snapshot in force; None where there is none."""
    try:
        return read_bytes(layout.policy_current).decode("ascii", "replace").strip() or None
    except FileNotFoundError:
        return None


def stored_snapshot(directory: str) -> Mapping[str, Any] | None:
    """A stored snapshot's content; None where it is missing or damaged."""
    try:
        content = json.loads(read_bytes(f"{directory}/{SNAPSHOT_FILE}"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def stored_database(layout: StateLayout, key: str) -> Iterator[bytes]:
    """Each stored database that was compiled under `key`."""
    for digest in _stored_digests(layout):
        directory = layout.snapshot_dir(digest)
        snapshot = stored_snapshot(directory)
        engine = snapshot.get("engine") if snapshot is not None else None
        if isinstance(engine, dict) and engine.get("key") == key:
            try:
                yield read_bytes(f"{directory}/{DATABASE_FILE}")
            except OSError:
                continue


def store(layout: StateLayout, snapshot: Mapping[str, Any], database: bytes | None) -> None:
    """Puts the snapshot in force and sweeps old ones. Needs the compile lock. Raises OSError.

    A snapshot that differs only in its sources' times keeps its directory; `current` is touched, so that instances
    read the new times. One that is in force, sources and all, is left as it is.
    """
    digest = snapshot["digest"]
    directory = layout.snapshot_dir(digest)
    if current_digest(layout) == digest and _is_same(directory, snapshot) and _is_whole(directory, digest, database):
        return
    encoded = json.dumps(snapshot, ensure_ascii=False, separators=(",", ":")).encode()
    if _is_whole(directory, digest, database):
        write_atomic(f"{directory}/{SNAPSHOT_FILE}", encoded)
    else:
        _write_directory(layout, directory, encoded, database)
    write_atomic(layout.policy_current, f"{digest}\n".encode())
    _sweep(layout, digest)


def _is_same(directory: str, snapshot: Mapping[str, Any]) -> bool:
    """Whether the stored one says the same but for when it was made."""
    stored = stored_snapshot(directory)
    return stored is not None and {**stored, "created": 0} == {**snapshot, "created": 0}


def _is_whole(directory: str, digest: str, database: bytes | None) -> bool:
    snapshot = stored_snapshot(directory)
    if snapshot is None or snapshot.get("digest") != digest:
        return False
    try:
        return database is None or read_bytes(f"{directory}/{DATABASE_FILE}") == database
    except OSError:
        return False


def _write_directory(layout: StateLayout, directory: str, encoded: bytes, database: bytes | None) -> None:
    temporary = f"{layout.policy_dir}/{_TEMPORARY}{os.path.basename(directory)}"
    shutil.rmtree(temporary, ignore_errors=True)
    make_private_dir(temporary)
    write_atomic(f"{temporary}/{SNAPSHOT_FILE}", encoded)
    if database is not None:
        write_atomic(f"{temporary}/{DATABASE_FILE}", database)
    # What is there under this digest is damaged: nothing can be using it.
    shutil.rmtree(directory, ignore_errors=True)
    os.rename(temporary, directory)
    fsync_dir(layout.policy_dir)


def sweep_unfinished(layout: StateLayout) -> None:
    """Removes what killed compiles left, unless one is under way: that one removes it itself. Raises OSError."""
    # Looked at first: a compile that finds the lock held takes it that another one does its work.
    if not os.path.isdir(layout.policy_dir) or not _unfinished(layout):
        return
    descriptor = os.open(layout.compile_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove_unfinished(layout)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)


def _unfinished(layout: StateLayout) -> list[str]:
    names = os.listdir(layout.policy_dir)
    return [f"{layout.policy_dir}/{name}" for name in names if name.startswith(_TEMPORARY)]


def _remove_unfinished(layout: StateLayout) -> None:
    for directory in _unfinished(layout):
        shutil.rmtree(directory, ignore_errors=True)


def _sweep(layout: StateLayout, current: str) -> None:
    """Removes what crashed compiles left, and all but the newest snapshots that are not in force."""
    _remove_unfinished(layout)
    others = [digest for digest in _stored_digests(layout) if digest != current]
    others.sort(key=lambda digest: os.stat(layout.snapshot_dir(digest)).st_mtime_ns, reverse=True)
    for digest in others[KEPT_SNAPSHOTS:]:
        shutil.rmtree(layout.snapshot_dir(digest), ignore_errors=True)


def _stored_digests(layout: StateLayout) -> list[str]:
    """Names of the snapshot directories."""
    try:
        names = sorted(os.listdir(layout.policy_dir))
    except FileNotFoundError:
        return []
    return [name for name in names if len(name) == 64 and set(name) <= set("0123456789abcdef")]
