"""Which program a command leads to, and whether it is the same: size and time first, the content if they differ."""

from __future__ import annotations

import os

from mcpgw.values import NamedTuple

READ_BYTES = 1 << 20


class Binary(NamedTuple):
    """A program. named: absolute, as it was found on PATH.  path: the same with links resolved."""

    named: str
    path: str
    size: int
    mtime_ns: int
    sha256: str


def find_binary(command: str, *, search: str, cwd: str) -> Binary | None:
    """What `command` starts there and now (execvp(3)). search: as PATH.  None where it leads to no readable program."""
    named = _locate(command, search, cwd)
    if named is None:
        return None
    try:
        found = os.stat(named)
        return Binary(named, os.path.realpath(named), found.st_size, found.st_mtime_ns, _sha256(named))
    except OSError:
        return None


def is_same(approved: Binary, command: str, *, search: str, cwd: str) -> bool:
    """Whether `command` still leads to the approved content, wherever that lies by now."""
    named = _locate(command, search, cwd)
    if named is None:
        return False
    try:
        found = os.stat(named)
        unmoved = os.path.realpath(named) == approved.path
        if unmoved and (found.st_size, found.st_mtime_ns) == (approved.size, approved.mtime_ns):
            return True
        return found.st_size == approved.size and _sha256(named) == approved.sha256
    except OSError:
        return False


def lies_in(path: str, directory: str) -> bool:
    """Whether `path` (absolute) is below `directory`; neither's links are followed."""
    return path.startswith(directory.rstrip("/") + "/")


def _locate(command: str, search: str, cwd: str) -> str | None:
    """The absolute path of the first file that may be executed."""
    if not command:
        return None
    folders = ("",) if "/" in command else search.split(os.pathsep)
    for folder in folders:
        candidate = os.path.normpath(os.path.join(cwd, folder, command))
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return None


def _sha256(path: str) -> str:
    import hashlib  # only here: it loads OpenSSL, and most starts compare no content

    state = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(READ_BYTES):
            state.update(chunk)
    return state.hexdigest()
