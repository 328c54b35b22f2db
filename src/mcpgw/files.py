"""The only place that knows how a file is written whole, locked and made durable. Standard library only."""

import errno
import os

PRIVATE_DIR_MODE = 0o700
PRIVATE_FILE_MODE = 0o600


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
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        try:
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    fsync_dir(directory)


def read_bytes(path: str) -> bytes:
    """The whole file. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        return file.read() or b""
