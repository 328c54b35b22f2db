"""What is in C says what its counterpart in Python says."""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

native = pytest.importorskip("mcpgw._native", reason="built only where there is a C compiler")


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_digest_is_sha_256(head: bytes, body: bytes) -> None:
    assert native.digest(head, body) == hashlib.sha256(head + body).hexdigest()


@pytest.mark.parametrize("length", [55, 56, 63, 64, 65, 119, 120, 128, 100_000])
def test_a_digest_is_sha_256_where_its_padding_changes(length: int) -> None:
    for cut in (0, 1, 63, 64, length):
        head, body = b"a" * min(cut, length), b"a" * (length - min(cut, length))
        assert native.digest(head, body) == hashlib.sha256(b"a" * length).hexdigest()


def test_cells_are_added_to_and_the_sequence_ends_even() -> None:
    page = mmap.mmap(-1, 4096)
    native.add(page, 2, 3, [10, 1, 11, 500, 10, 2])
    words = struct.unpack_from("=12Q", page)
    assert (words[2], words[10], words[11]) == (2, 3, 500)
    assert abs(words[3] - time.time_ns() // 1000) < 60_000_000


@pytest.mark.parametrize("cells", [[512, 1], [10, 1, -1, 1], [10]])
def test_a_cell_beyond_the_page_changes_nothing(cells: list[int]) -> None:
    page = mmap.mmap(-1, 4096)
    with pytest.raises((IndexError, OverflowError, TypeError)):
        native.add(page, 2, 3, cells)
    assert not any(page[:])


def test_a_mark_is_what_fstat_says(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    os.link(tmp_path / "file", tmp_path / "other")
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    found = os.fstat(descriptor)
    assert native.mark(descriptor) == (2, found.st_mtime_ns, found.st_ino)
    os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        native.mark(descriptor)
