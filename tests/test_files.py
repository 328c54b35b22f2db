"""A file is old or new, private, and nothing stays behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mcpgw.files import make_private_dir, read_bytes, write_atomic


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_writes_whole_private_files(tmp_path: Path) -> None:
    target = tmp_path / "f"
    write_atomic(str(target), b"old")
    write_atomic(str(target), b"new")
    assert read_bytes(str(target)) == b"new"
    assert _mode(target) == 0o600
    assert os.listdir(tmp_path) == ["f"]


def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(OSError, match="d"):
        write_atomic(str(tmp_path / "d"), b"x")
    assert os.listdir(tmp_path) == ["d"]


def test_every_new_directory_is_private(tmp_path: Path) -> None:
    make_private_dir(str(tmp_path / "a" / "b"))
    make_private_dir(str(tmp_path / "a" / "b"))
    assert _mode(tmp_path / "a") == _mode(tmp_path / "a" / "b") == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_private_dir(str(tmp_path / "file" / "x"))
