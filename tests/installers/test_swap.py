import os
import stat
import time

import pytest

from mcpgw.errors import EnvironmentFault
from mcpgw.installers.swap import (
    STALE_LOCK_SECONDS,
    client_lock,
    read_target,
    remove_leftovers,
    replace_if_same,
    target_of,
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "c.json"
    path.write_bytes(b"old")
    return path


def only(path):
    """Nothing was left beside the file."""
    return os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o400])
def test_the_mode_is_kept(file, mode):
    file.chmod(mode)
    target = target_of(str(file)) if os.geteuid() == 0 or mode & 0o200 else None
    if target is not None:
        assert replace_if_same(target, b"old", b"new")
        assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", mode)
    assert only(file)


def test_a_file_that_changed_is_left_alone(file):
    assert not replace_if_same(target_of(str(file)), b"older", b"new")
    assert file.read_bytes() == b"old"
    assert only(file)


@pytest.mark.requirement("install.symlink")
def test_a_link_is_followed_and_kept(file, tmp_path):
    (tmp_path / "home").mkdir()
    link = tmp_path / "home" / "link.json"
    link.symlink_to(file)
    target = target_of(str(link))
    assert read_target(target) == b"old"
    assert replace_if_same(target, b"old", b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert os.listdir(link.parent) == ["link.json"]


def test_hard_links_are_refused(file, tmp_path):
    os.link(file, tmp_path / "other")
    with pytest.raises(EnvironmentFault, match="hard links"):
        target_of(str(file))


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(EnvironmentFault, match="not a regular file"):
        target_of(str(tmp_path))
    with pytest.raises(EnvironmentFault, match="cannot be rewritten"):
        target_of(str(tmp_path / "none"))


def test_a_directory_that_cannot_be_written_leaves_the_file(file, monkeypatch):
    target = target_of(str(file))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentFault, match="No space left on device; it is as it was"):
        replace_if_same(target, b"old", b"new")
    assert file.read_bytes() == b"old"
    assert only(file)


def test_a_file_that_vanished_is_a_fault_and_leaves_nothing(file):
    target = target_of(str(file))
    file.unlink()
    with pytest.raises(EnvironmentFault):
        replace_if_same(target, b"old", b"new")
    with pytest.raises(EnvironmentFault):
        read_target(target)
    assert os.listdir(file.parent) == []


def test_the_lock_is_the_clients_own_and_is_let_go(file):
    with client_lock(str(file)):
        assert os.path.isdir(f"{file}.lock")
    assert only(file)


def test_the_lock_is_let_go_when_the_work_fails(file):
    with pytest.raises(RuntimeError), client_lock(str(file)):
        raise RuntimeError
    assert only(file)


@pytest.mark.requirement("install.client-lock")
def test_a_lock_that_is_held_is_respected(file):
    os.mkdir(f"{file}.lock")
    with pytest.raises(EnvironmentFault, match="locked by its client"), client_lock(str(file), wait_seconds=0.1):
        raise AssertionError
    assert os.path.isdir(f"{file}.lock")


def test_an_abandoned_lock_is_taken_over(file):
    os.mkdir(f"{file}.lock")
    old = time.time() - STALE_LOCK_SECONDS - 1
    os.utime(f"{file}.lock", (old, old))
    with client_lock(str(file), wait_seconds=1):
        assert os.path.isdir(f"{file}.lock")
    assert only(file)


def test_a_lock_that_cannot_be_made_is_a_fault(tmp_path):
    with pytest.raises(EnvironmentFault), client_lock(str(tmp_path / "no" / "c.json")):
        raise AssertionError


def test_leftovers_of_a_killed_install_are_removed(file):
    (file.parent / "c.json.mcpgw.99.ab.tmp").write_bytes(b"x")
    (file.parent / "c.json.tmp.99.ab").write_bytes(b"the client's own")
    remove_leftovers(str(file))
    assert sorted(os.listdir(file.parent)) == ["c.json", "c.json.tmp.99.ab"]
    remove_leftovers(str(file.parent / "no" / "c.json"))
