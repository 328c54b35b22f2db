import os
import stat
from pathlib import Path

import pytest

from mcpgw.registry.exposure import Exposure, Readers, exposure, readers_of

STAFF, OTHERS = 50, 100


def _stat(kind: int, mode: int, group: int = STAFF) -> os.stat_result:
    return os.stat_result((kind | mode, 0, 0, 1, 1000, group, 0, 0, 0, 0))


def _readers(file: int, *directories: tuple[int, int]) -> Readers:
    return readers_of(_stat(stat.S_IFREG, file), [_stat(stat.S_IFDIR, *each) for each in directories])


@pytest.mark.requirement("scan.exposure")
@pytest.mark.parametrize(
    ("mode", "readers"),
    [
        (0o600, Readers.OWNER),
        (0o400, Readers.OWNER),
        (0o622, Readers.OWNER),
        (0o640, Readers.GROUP),
        (0o644, Readers.EVERYONE),
        (0o604, Readers.EVERYONE),
    ],
)
def test_the_bits_of_the_file(mode, readers):
    assert _readers(mode, (0o755, STAFF), (0o755, OTHERS)) is readers


@pytest.mark.requirement("scan.exposure")
@pytest.mark.parametrize(
    ("mode", "directory", "readers"),
    [
        (0o644, (0o700, STAFF), Readers.OWNER),
        (0o644, (0o711, STAFF), Readers.EVERYONE),
        (0o644, (0o744, STAFF), Readers.OWNER),
        (0o644, (0o710, STAFF), Readers.GROUP),
        (0o644, (0o710, OTHERS), Readers.OWNER),
        (0o640, (0o701, STAFF), Readers.OWNER),
        (0o640, (0o701, OTHERS), Readers.GROUP),
    ],
)
def test_a_directory_that_lets_nobody_in_hides_the_file(mode, directory, readers):
    assert _readers(mode, (0o755, STAFF), directory, (0o755, OTHERS)) is readers


def _file(directory: Path, mode: int) -> Path:
    directory.mkdir(mode=0o700, exist_ok=True)
    file = directory / "config.json"
    file.write_text("{}")
    file.chmod(mode)
    return file


def test_a_link_is_as_open_as_what_it_leads_to(tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(_file(tmp_path / "kept", 0o644))
    found = exposure(str(link))
    assert (found.readers, found.group, found.mode, found.is_private) == (Readers.OWNER, None, 0o644, True)


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(FileNotFoundError):
        exposure(str(tmp_path / "absent"))


@pytest.mark.requirement("scan.exposure")
def test_words():
    assert Exposure(Readers.OWNER, None, 0o600).text == "owner only"
    assert Exposure(Readers.GROUP, "staff", 0o640).text == "group staff"
    assert Exposure(Readers.EVERYONE, None, 0o644).text == "everyone"
