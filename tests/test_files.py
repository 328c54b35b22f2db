"""A file is old or new, private, and nothing stays behind."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mcpgw.files import make_private_dir, read_bytes, temporary_beside, temporary_writer, write_atomic


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


def test_a_temporary_file_names_its_file_and_its_writer() -> None:
    assert temporary_writer(temporary_beside("a.b")) == ("a.b", os.getpid())
    for name in ("a.b", "a.tmp", "a.mcpgw.x.ab.tmp", "mcpgw.7.ab.tmp", "a.tmp.7.ab"):
        assert temporary_writer(name) is None


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_only_regular_files_are_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "x")
    with pytest.raises(OSError, match=r"regular|directory"):
        read_bytes(str(tmp_path / "x"))


def test_every_new_directory_is_private(tmp_path: Path) -> None:
    make_private_dir(str(tmp_path / "a" / "b"))
    make_private_dir(str(tmp_path / "a" / "b"))
    assert _mode(tmp_path / "a") == _mode(tmp_path / "a" / "b") == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_private_dir(str(tmp_path / "file" / "x"))
