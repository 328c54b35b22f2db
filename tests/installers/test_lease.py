import os
import signal
import sys
from contextlib import ExitStack

import pytest

from mcpgw.installers import lease as lease_module
from mcpgw.installers.lease import leased, rename_over
from support.in_place import await_waiting, opening, writing

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's own")


def test_no_lease_while_somebody_has_it_open_for_writing(file):
    with writing(file) as writer:
        with leased(str(file)) as lease:
            assert not lease.take()
            assert not lease.wanted()
        writer.finish(b"new")
    with leased(str(file)) as lease:
        assert lease.take()
        assert not lease.wanted()


def test_who_only_reads_does_not_count(file):
    with open(file, "rb"), leased(str(file)) as lease:
        assert lease.take()
        assert file.read_bytes() == b"old"
        assert not lease.wanted()


def test_who_wants_to_write_waits_until_it_is_let_go(file):
    with ExitStack() as stack, leased(str(file)) as lease:
        assert lease.take()
        assert not lease.wanted()
        writer = stack.enter_context(opening(file))
        await_waiting(file)
        assert lease.wanted()
        assert file.read_bytes() == b"old"
        writer.tell(b"new")
    assert file.read_bytes() == b"new"


def test_a_writer_is_waited_for(file, monkeypatch):
    with writing(file) as writer, leased(str(file)) as lease:
        monkeypatch.setattr(lease_module.time, "sleep", lambda seconds: writer.finish(b"new"))
        assert lease.outwait()
    assert file.read_bytes() == b"new"


def test_one_that_does_not_end_is_not_waited_for_long(file, monkeypatch):
    monkeypatch.setattr(lease_module, "WRITER_SECONDS", 0.05)
    with writing(file), leased(str(file)) as lease:
        assert not lease.outwait()


def test_a_file_is_renamed_over_the_leased_one(file):
    (file.parent / "new").write_bytes(b"new")
    with leased(str(file)) as lease:
        assert lease.take()
        assert rename_over(str(file.parent / "new"), str(file), lease)
    assert file.read_bytes() == b"new"
    assert os.listdir(file.parent) == [file.name]


def test_not_if_somebody_waits_to_write_that(file):
    (file.parent / "new").write_bytes(b"new")
    with ExitStack() as stack, leased(str(file)) as lease:
        assert lease.take()
        writer = stack.enter_context(opening(file))
        await_waiting(file)
        writer.tell(b"theirs")
        assert not rename_over(str(file.parent / "new"), str(file), lease)
        assert file.read_bytes() == b"old"
    assert file.read_bytes() == b"theirs"


def test_the_kernels_word_that_somebody_waits_ends_nobody(file):
    assert signal.getsignal(signal.SIGURG) is signal.SIG_DFL
    with leased(str(file)) as lease:
        assert lease.take()
        with pytest.raises(BlockingIOError):
            os.open(file, os.O_WRONLY | os.O_NONBLOCK)
        assert lease.wanted()


def test_where_there_are_no_leases_nobody_is_seen(tmp_path):
    with leased(str(tmp_path)) as lease:
        assert lease.take()
        assert not lease.wanted()
        assert lease.outwait()


def test_the_file_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError), leased(str(tmp_path / "none")):
        raise AssertionError
