"""What the machine itself brings along: versions with known faults, and a file system that cannot lock. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mcpgw.installers.symptom import Symptom, Weight

# sqlite.org/wal.html, "The WAL reset bug": two connections that write and checkpoint at once could lose commits.
_SQLITE_AFFECTED = ((3, 7, 0), (3, 51, 3))
# docs/platforms.md says the same.
_TESTED_PYTHON = frozenset({(3, 11)})
# Locks of these are the server's business, and a mapped file is not the same file on two machines.
_REMOTE_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs"}
)


def surroundings(python: tuple[int, int], sqlite: tuple[int, ...], state_root: str, mounts: str) -> Iterator[Symptom]:
    """python: major and minor.  mounts: the text of /proc/self/mounts, empty where there is none."""
    if python not in _TESTED_PYTHON:
        yield _note(
            "python", f"Python {python[0]}.{python[1]} is not tested with this version", "See docs/platforms.md."
        )
    if _SQLITE_AFFECTED[0] <= sqlite < _SQLITE_AFFECTED[1]:
        version = ".".join(map(str, sqlite))
        said = f"this Python's SQLite {version} can lose commits of concurrent writers; mcpgw keeps nothing in SQLite"
        yield _note("sqlite", said, "Nothing to do for mcpgw; other programs may want 3.51.3.")
    kind = file_system(state_root, mounts)
    if kind in _REMOTE_FILE_SYSTEMS:
        said = f"the state directory {state_root} is on {kind}: locks and counters are not reliable there"
        yield Symptom("file-system", Weight.ACTION, said, "Set MCPGW_HOME to a local directory and install again.")


def file_system(path: str, mounts: str) -> str | None:
    """The type of the file system that `path` (absolute, links resolved) is on; None where it cannot be told."""
    found: tuple[int, str] = (0, "")
    for line in mounts.splitlines():
        _, point, kind, *_ = [*line.split(" "), "", "", ""]
        point = _unescaped(point)
        if point and (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= found[0]:
            found = (len(point), kind)
    return found[1] or None


def _unescaped(point: str) -> str:
    """The kernel writes white space in a mount point as an octal escape."""
    for escape, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(escape, character)
    return point


def _note(check: str, text: str, next_step: str) -> Symptom:
    return Symptom(check, Weight.NOTE, text, next_step)
