import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import pytest

from mcpgw.errors import EnvironmentFault
from mcpgw.files import read_bytes
from mcpgw.installers import lease, swap
from mcpgw.installers.swap import (
    STALE_LOCK_SECONDS,
    Locked,
    client_lock,
    lock_deadline,
    outwait_lock,
    read_target,
    remove_leftovers,
    replace_if_same,
    target_of,
)
from support.in_place import await_waiting, opening, writing

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody who writes in place is seen")


def only(path):
    """Nothing was left beside the file."""
    return os.listdir(path.parent) == [path.name]


@pytest.mark.requirement("install.private")
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o200])
def test_the_mode_is_kept(file, mode):
    file.chmod(mode)
    if os.access(file, os.R_OK):
        assert replace_if_same(target_of(str(file)), b"old", b"new")
        assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", mode)
    assert only(file)


@pytest.mark.requirement("install.private")
def test_the_temporary_file_is_never_wider_than_the_target(file, monkeypatch):
    file.chmod(0o640)
    modes = []
    for name in ("write", "fsync", "chmod"):
        real = getattr(os, name)

        def seen(*args, real=real):
            modes.extend(stat.S_IMODE(path.stat().st_mode) for path in file.parent.glob("*.tmp"))
            return real(*args)

        monkeypatch.setattr(os, name, seen)
    assert replace_if_same(target_of(str(file)), b"old", b"new")
    assert modes == [0o600, 0o600, 0o640]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_is_kept(file):
    os.chown(file, 4711, 4712)
    assert replace_if_same(target_of(str(file)), b"old", b"new")
    assert (file.stat().st_uid, file.stat().st_gid) == (4711, 4712)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this platform names no attributes")
def test_extended_attributes_are_kept(file):
    try:
        os.setxattr(file, "user.label", b"secret")
    except OSError:
        pytest.skip("this file system has no attributes")
    assert replace_if_same(target_of(str(file)), b"old", b"new")
    assert os.getxattr(file, "user.label") == b"secret"


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


@pytest.mark.requirement("install.refused-files")
def test_a_dangling_link_is_refused(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "nothing")
    with pytest.raises(EnvironmentFault, match="nothing, which is not there"):
        target_of(str(tmp_path / "link.json"))


@pytest.mark.requirement("install.refused-files")
def test_what_nobody_may_write_is_refused(file):
    file.chmod(0o400)
    with pytest.raises(EnvironmentFault, match="read-only or immutable"):
        target_of(str(file))
    file.chmod(0o600)
    file.parent.chmod(0o500)
    try:
        with pytest.raises(EnvironmentFault, match="read-only or immutable"):
            target_of(str(file))
    finally:
        file.parent.chmod(0o700)


@pytest.mark.requirement("install.refused-files")
def test_a_link_whose_lock_cannot_be_made_beside_it_is_refused(file, tmp_path):
    (tmp_path / "fixed").mkdir()
    link = tmp_path / "fixed" / "link.json"
    link.symlink_to(file)
    link.parent.chmod(0o500)
    target_of(str(link))
    with pytest.raises(EnvironmentFault, match="fixed is read-only"):
        target_of(str(link), locked=True)


@pytest.mark.requirement("install.refused-files")
@pytest.mark.parametrize("flag", ["i", "a"])
def test_an_immutable_file_is_refused(file, flag):
    chattr = shutil.which("chattr")
    if chattr is None or subprocess.run([chattr, f"+{flag}", file], capture_output=True).returncode:
        pytest.skip("no file can be made immutable here")
    try:
        with pytest.raises(EnvironmentFault, match="cannot be rewritten"):
            replace_if_same(target_of(str(file)), b"old", b"new")
    finally:
        subprocess.run([chattr, f"-{flag}", file], check=True)
    assert file.read_bytes() == b"old"
    assert only(file)


@pytest.mark.requirement("install.refused-files")
def test_a_store_and_a_file_of_somebody_else_are_refused(file, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(EnvironmentFault, match="belongs to another user"):
        target_of(str(file))
    monkeypatch.setattr(swap, "_STORES", (f"{file.parent.resolve()}/",))
    with pytest.raises(EnvironmentFault, match="which a package manager keeps"):
        target_of(str(file))


@pytest.mark.requirement("install.refused-files")
def test_hard_links_are_refused(file, tmp_path):
    os.link(file, tmp_path / "other")
    with pytest.raises(EnvironmentFault, match="hard links"):
        target_of(str(file))


def test_a_second_name_that_a_killed_install_left_does_not_count(file):
    os.link(file, file.parent / "c.json.mcpgw.99.ab.tmp")
    target_of(str(file))
    remove_leftovers(str(file))
    assert only(file)


@pytest.mark.requirement("install.refused-files")
def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EnvironmentFault, match="not a regular file"):
        target_of(str(tmp_path / "pipe"))
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


def test_a_file_that_cannot_be_read_again_is_said_to_be_new(file, monkeypatch):
    target = target_of(str(file))

    def fails(path):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(swap, "fsync_dir", fails)
    with pytest.raises(EnvironmentFault, match="was rewritten but cannot be read again: Input/output error"):
        replace_if_same(target, b"old", b"new")
    assert file.read_bytes() == b"new"


def test_a_file_that_vanished_is_a_fault_and_leaves_nothing(file):
    target = target_of(str(file))
    file.unlink()
    with pytest.raises(EnvironmentFault):
        replace_if_same(target, b"old", b"new")
    with pytest.raises(EnvironmentFault):
        read_target(target)
    assert os.listdir(file.parent) == []


def test_the_lock_is_the_clients_own_and_is_let_go(file):
    with client_lock(str(file), until=lock_deadline()):
        assert os.path.isdir(f"{file}.lock")
    assert only(file)


def test_the_lock_is_let_go_when_the_work_fails(file):
    with pytest.raises(RuntimeError), client_lock(str(file), until=lock_deadline()):
        raise RuntimeError
    assert only(file)


@pytest.mark.requirement("install.client-lock")
def test_a_lock_that_is_held_is_respected(file, monkeypatch):
    monkeypatch.setattr(swap, "LOCK_WAIT_SECONDS", 0.1)
    os.mkdir(f"{file}.lock")
    with pytest.raises(Locked, match="locked by its client"), client_lock(str(file), until=lock_deadline()):
        raise AssertionError
    assert os.path.isdir(f"{file}.lock")


def test_an_abandoned_lock_is_taken_over(file):
    os.mkdir(f"{file}.lock")
    old = time.time() - STALE_LOCK_SECONDS - 1
    os.utime(f"{file}.lock", (old, old))
    with client_lock(str(file), until=lock_deadline()):
        assert os.path.isdir(f"{file}.lock")
    assert only(file)


def test_a_lock_that_cannot_be_made_is_a_fault(tmp_path):
    with (
        pytest.raises(EnvironmentFault, match="No such file"),
        client_lock(str(tmp_path / "no" / "c.json"), until=lock_deadline()),
    ):
        raise AssertionError


def test_a_lock_that_cannot_be_let_go_is_a_fault_and_one_that_was_taken_over_is_not(file):
    with pytest.raises(EnvironmentFault, match="cannot be removed"), client_lock(str(file), until=lock_deadline()):
        (file.parent / f"{file.name}.lock" / "x").touch()
    shutil.rmtree(f"{file}.lock")
    with client_lock(str(file), until=lock_deadline()):
        os.rmdir(f"{file}.lock")
    assert only(file)


def test_the_lock_lies_beside_the_path_as_it_was_given(file, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(file)
    with client_lock(str(link), until=lock_deadline()):
        assert (tmp_path / "link.json.lock").is_dir()


@pytest.mark.requirement("install.client-lock")
def test_all_that_takes_time_is_done_without_the_lock(file, monkeypatch):
    held = {}
    for name in ("write", "fsync", "replace"):
        real = getattr(os, name)

        def seen(*args, name=name, real=real):
            held.setdefault(name, set()).add(os.path.isdir(f"{file}.lock"))
            return real(*args)

        monkeypatch.setattr(os, name, seen)
    assert replace_if_same(target_of(str(file), locked=True), b"old", b"new")
    assert held == {"write": {False}, "fsync": {False}, "replace": {True}}


BIG = b"x" * (swap._BRIEF_BYTES + 1)


@pytest.mark.requirement("install.client-lock")
@pytest.mark.parametrize(("settled_seconds", "reads_under_the_lock"), [(-1.0, 0), (1e9, 1)])
def test_a_big_file_is_read_under_the_lock_only_if_its_times_could_hide_a_write(
    file, monkeypatch, settled_seconds, reads_under_the_lock
):
    file.write_bytes(BIG)
    monkeypatch.setattr(swap, "_CLOCK_SECONDS", settled_seconds)
    under_the_lock = []

    def seen(path):
        under_the_lock.append(os.path.isdir(f"{file}.lock"))
        return read_bytes(path)

    monkeypatch.setattr(swap, "read_bytes", seen)
    assert replace_if_same(target_of(str(file), locked=True), BIG, BIG + b"new")
    assert sum(under_the_lock) == reads_under_the_lock
    assert file.read_bytes() == BIG + b"new"


@pytest.mark.requirement("install.client-lock")
@pytest.mark.parametrize("settled_seconds", [-1.0, 1e9])
def test_what_a_client_writes_to_a_big_file_while_its_lock_is_waited_for_is_kept(file, monkeypatch, settled_seconds):
    file.write_bytes(BIG)
    before = file.stat()
    monkeypatch.setattr(swap, "_CLOCK_SECONDS", settled_seconds)
    target = target_of(str(file), locked=True)
    replaced = []
    with client_lock(str(file), until=lock_deadline()):
        installer = threading.Thread(target=lambda: replaced.append(replace_if_same(target, BIG, BIG + b"new")))
        installer.start()
        while not list(file.parent.glob("*.tmp")):
            time.sleep(0.001)
        file.write_bytes(b"y" + BIG[1:])
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    installer.join()
    assert replaced == [False]
    assert file.read_bytes() == b"y" + BIG[1:]
    assert only(file)


@pytest.mark.requirement("install.client-lock")
def test_a_lock_of_a_killed_command_is_outwaited(file, monkeypatch):
    os.mkdir(f"{file}.lock")
    monkeypatch.setattr(swap, "STALE_LOCK_SECONDS", 0.05)
    outwait_lock(str(file))
    assert only(file)
    monkeypatch.setattr(swap, "LOCK_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(swap, "STALE_LOCK_SECONDS", 10)
    os.mkdir(f"{file}.lock")
    outwait_lock(str(file))
    assert os.path.isdir(f"{file}.lock")


@on_linux
@pytest.mark.requirement("install.in-place-writer")
def test_who_writes_in_place_is_waited_for(file, monkeypatch):
    with writing(file) as writer:
        monkeypatch.setattr(lease.time, "sleep", lambda seconds: writer.finish(b"theirs"))
        assert not replace_if_same(target_of(str(file)), b"old", b"new")
    assert file.read_bytes() == b"theirs"
    assert only(file)


@on_linux
@pytest.mark.requirement("install.in-place-writer")
def test_who_keeps_it_open_for_writing_is_named(file, monkeypatch):
    monkeypatch.setattr(lease, "WRITER_SECONDS", 0.05)
    with writing(file), pytest.raises(Locked, match="another program has"):
        replace_if_same(target_of(str(file)), b"old", b"new")
    assert file.read_bytes() == b"old"
    assert only(file)


@on_linux
@pytest.mark.requirement("install.in-place-writer")
@pytest.mark.parametrize("moment", ["read_bytes", "replace"], ids=["before the rename", "with the rename"])
def test_who_opens_it_meanwhile_loses_nothing(file, monkeypatch, moment):
    where = swap if moment == "read_bytes" else os
    real = getattr(where, moment)
    with ExitStack() as stack:

        def meanwhile(*args):
            monkeypatch.setattr(where, moment, real)
            writer = stack.enter_context(opening(file))
            await_waiting(file)
            writer.tell(b"theirs")
            return real(*args)

        monkeypatch.setattr(where, moment, meanwhile)
        assert not replace_if_same(target_of(str(file)), b"old", b"new")
    assert file.read_bytes() == b"theirs"
    assert only(file)


def test_leftovers_of_a_killed_install_are_removed(file):
    (file.parent / "c.json.mcpgw.99.ab.tmp").write_bytes(b"x")
    (file.parent / "c.json.tmp.99.ab").write_bytes(b"the client's own")
    remove_leftovers(str(file))
    assert sorted(os.listdir(file.parent)) == ["c.json", "c.json.tmp.99.ab"]
    remove_leftovers(str(file.parent / "no" / "c.json"))
