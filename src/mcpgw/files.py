"""The only place that knows how a file is written whole, locked and made durable. Standard library only."""

import errno
import os
import stat

PRIVATE_DIR_MODE = 0o700
PRIVATE_FILE_MODE = 0o600
_TEMPORARY_MARK = ".mcpgw."
_TEMPORARY_END = ".tmp"


def make_private_dir(path: str) -> None:
    """Creates `path` and its parents, each new one 0700. Existing directories are left as they are."""
    missing = []
    while path and not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for directory in reversed(missing):
        try:
            os.mkdir(directory, PRIVATE_DIR_MODE)
        except FileExistsError:
            if not os.path.isdir(directory):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), directory) from None


def fsync_dir(path: str) -> None:
    """Makes a rename in `path` durable; a file system that cannot sync a directory is left alone."""
    descriptor = os.open(path or ".", os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        # Some network and FUSE file systems refuse; the rename itself has been done.
        return
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Writes every byte or raises OSError (a short write is repeated until it moves or fails)."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def write_atomic(path: str, content: bytes, *, mode: int = PRIVATE_FILE_MODE) -> None:
    """Replaces `path` by `content`: temp file beside it, fsync, rename, fsync of the directory.

    A crash at any point leaves the old file or the new one. Raises OSError; the temp file is then gone.
    """
    directory = os.path.dirname(path) or "."
    temporary = temporary_beside(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        try:
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except FileNotFoundError:
            pass  # Ctrl-C behind the rename
        raise
    fsync_dir(directory)


def temporary_beside(path: str) -> str:
    """A name in the same directory that `temporary_writer` knows again."""
    return f"{path}{_TEMPORARY_MARK}{os.getpid()}.{os.urandom(6).hex()}{_TEMPORARY_END}"


def temporary_writer(name: str) -> tuple[str, int] | None:
    """The name of the file that a temporary file was to become, and the process that wrote it; None for other names."""
    if not name.endswith(_TEMPORARY_END):
        return None
    owner, mark, rest = name.rpartition(_TEMPORARY_MARK)
    pid = rest.partition(".")[0]
    return (owner, int(pid)) if mark and pid.isascii() and pid.isdigit() else None


def read_bytes(path: str) -> bytes:
    """The whole regular file; nothing else is waited for. Raises OSError."""
    with open(path, "rb", buffering=0, opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", path)
        return file.read() or b""


def _at_once(path: str, flags: int) -> int:
    """Opens without waiting for the other end of a FIFO."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
