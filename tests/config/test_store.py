"""Snapshots on disk."""

import fcntl
import os

import pytest

from mcpgw.config.store import KEPT_SNAPSHOTS, current_digest, store, stored_database, stored_snapshot, sweep_unfinished
from mcpgw.files import make_private_dir
from mcpgw.paths import StateLayout


def layout_at(root):
    layout = StateLayout(str(root))
    make_private_dir(layout.policy_dir)
    return layout


def snapshot(number, **fields):
    return {"v": 1, "digest": f"{number:064x}", "engine": {"name": "hyperscan", "key": "k1"}, **fields}


def test_nothing_is_in_force_at_first(tmp_path):
    assert current_digest(StateLayout(str(tmp_path))) is None
    assert list(stored_database(StateLayout(str(tmp_path)), "k1")) == []


def test_what_is_stored_is_in_force_and_private(tmp_path):
    layout = layout_at(tmp_path)
    store(layout, snapshot(1), b"db")
    directory = layout.snapshot_dir(f"{1:064x}")
    assert current_digest(layout) == f"{1:064x}"
    assert stored_snapshot(directory) == snapshot(1)
    assert list(stored_database(layout, "k1")) == [b"db"]
    assert list(stored_database(layout, "k2")) == []
    assert os.stat(directory).st_mode & 0o777 == 0o700
    assert os.stat(f"{directory}/scan.db").st_mode & 0o777 == 0o600


def test_the_portable_engine_has_no_database(tmp_path):
    layout = layout_at(tmp_path)
    store(layout, snapshot(1, engine={"name": "re"}), None)
    assert os.listdir(layout.snapshot_dir(f"{1:064x}")) == ["snapshot.json"]


def test_new_times_of_the_sources_are_seen_by_instances(tmp_path):
    layout = layout_at(tmp_path)
    store(layout, snapshot(1, sources=[1]), b"db")
    before = os.stat(layout.policy_current).st_ino, os.stat(f"{layout.snapshot_dir(f'{1:064x}')}/scan.db").st_ino
    store(layout, snapshot(1, sources=[2]), b"db")
    after = os.stat(layout.policy_current).st_ino, os.stat(f"{layout.snapshot_dir(f'{1:064x}')}/scan.db").st_ino
    assert stored_snapshot(layout.snapshot_dir(f"{1:064x}"))["sources"] == [2]
    assert before[0] != after[0] and before[1] == after[1]


@pytest.mark.requirement("install.idempotent")
def test_what_is_in_force_is_not_written_again(tmp_path):
    layout = layout_at(tmp_path)
    store(layout, snapshot(1, created=1.0), b"db")
    before = os.stat(layout.policy_current).st_ino
    store(layout, snapshot(1, created=2.0), b"db")
    assert os.stat(layout.policy_current).st_ino == before
    assert stored_snapshot(layout.snapshot_dir(f"{1:064x}"))["created"] == 1.0


def test_a_damaged_snapshot_is_written_anew(tmp_path):
    layout = layout_at(tmp_path)
    store(layout, snapshot(1), b"db")
    directory = layout.snapshot_dir(f"{1:064x}")
    for name, content in (("scan.db", b"damaged"), ("snapshot.json", b"{")):
        with open(f"{directory}/{name}", "wb") as file:
            file.write(content)
        store(layout, snapshot(1), b"db")
        assert stored_snapshot(directory) == snapshot(1)
        assert list(stored_database(layout, "k1")) == [b"db"]


def test_old_snapshots_and_leftovers_are_swept(tmp_path):
    layout = layout_at(tmp_path)
    leftover = f"{layout.policy_dir}/.new-{'0' * 64}"
    make_private_dir(leftover)
    for number in range(KEPT_SNAPSHOTS + 4):
        store(layout, snapshot(number), b"db")
        os.utime(layout.snapshot_dir(f"{number:064x}"), ns=(number, number))
    kept = sorted(name for name in os.listdir(layout.policy_dir) if len(name) == 64)
    assert kept == [f"{number:064x}" for number in range(3, 7)]
    assert not os.path.exists(leftover)


def test_going_back_to_an_older_one_keeps_it(tmp_path):
    layout = layout_at(tmp_path)
    for number in (1, 2, 3, 4, 1):
        store(layout, snapshot(number), b"db")
    assert current_digest(layout) == f"{1:064x}"
    assert len([name for name in os.listdir(layout.policy_dir) if len(name) == 64]) == 4


def test_what_a_killed_compile_left_goes_but_not_while_one_is_under_way(tmp_path):
    sweep_unfinished(StateLayout(str(tmp_path)))
    layout = layout_at(tmp_path)
    sweep_unfinished(layout)
    assert os.listdir(layout.policy_dir) == []
    unfinished = f"{layout.policy_dir}/.new-{1:064x}"
    make_private_dir(unfinished)
    with open(layout.compile_lock, "w") as compiling:
        fcntl.flock(compiling, fcntl.LOCK_EX)
        sweep_unfinished(layout)
        assert os.path.isdir(unfinished)
    sweep_unfinished(layout)
    assert not os.path.exists(unfinished)
