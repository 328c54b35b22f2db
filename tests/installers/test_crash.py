"""Stopped at any change of the file system, an edit leaves old files or new ones, and a way on and a way back."""

import errno
import json
import os
from collections.abc import Iterator

import pytest

from mcpgw.installers.swap import STALE_LOCK_SECONDS
from mcpgw.registry.ledger import entries, read_ledger
from support.client_home import ClientHome, furnished
from support.crashing import DEEDS, FAILED, INTERRUPTED, KILLED, SURVIVED, Stage, route, take_off

ERRORS = (errno.ENOSPC, errno.EACCES, errno.EIO, errno.EMFILE)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def after_a_while(home: ClientHome) -> None:
    """The client's lock that the killed command left goes stale."""
    lock = f"{home.code_file}.lock"
    if os.path.isdir(lock):
        old = os.stat(lock).st_mtime - STALE_LOCK_SECONDS - 1
        os.utime(lock, (old, old))


def contents(home: ClientHome) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in (home.code_file, home.desktop_file)}


def nothing_stays(home: ClientHome) -> bool:
    beside = {*os.listdir(home.home), *os.listdir(home.desktop_file.parent)}
    return beside == {".claude.json", ".config", home.desktop_file.name}


def check_the_way_on(home: ClientHome, then: str, before: dict[str, bytes]) -> None:
    for content in contents(home).values():
        json.loads(content)
    after_a_while(home)
    DEEDS[then](home)
    assert read_ledger(home.layout).open_steps == frozenset()
    assert nothing_stays(home)
    assert {entry.name for entry in entries(home.layout)} == ({"fs", "db", "git mine"} if then == "route" else set())
    assert (contents(home) == before) is (then == "take_off")
    take_off(home)
    assert contents(home) == before


@pytest.mark.requirement("install.recovery")
@pytest.mark.parametrize("how", [KILLED, INTERRUPTED])
@pytest.mark.parametrize("then", ["take_off", "route"])
@pytest.mark.parametrize("deed", ["route", "take_off"])
def test_every_crash_is_completed_or_undone(stage, tmp_path, deed, then, how):
    home, points = furnished(tmp_path), 0
    before = contents(home)
    while True:
        if deed == "take_off":
            route(home)
        if stage.stopped_at(tmp_path, deed, points + 1, how) is None:
            break
        points += 1
        check_the_way_on(home, then, before)
    assert points >= 12


@pytest.mark.requirement("install.recovery")
@pytest.mark.parametrize("deed", ["route", "take_off"])
def test_a_call_that_fails_is_not_taken_for_success(stage, tmp_path, deed):
    home, points = furnished(tmp_path), 0
    before = contents(home)
    while True:
        if deed == "take_off":
            route(home)
        status = stage.stopped_at(
            tmp_path, deed, points + 1, (errno.ENOSPC, errno.EACCES, errno.EIO, errno.EMFILE)[points % 4]
        )
        if status is None:
            break
        points += 1
        assert status == FAILED or (contents(home) == before) is (deed == "take_off")
        check_the_way_on(home, deed, before)
    assert points >= 12


@pytest.mark.requirement("install.recovery")
@pytest.mark.parametrize("size", [0, 100, 1000, 1500])
def test_a_full_disk_leaves_the_old_files(stage, tmp_path, size):
    home = furnished(tmp_path)
    before = contents(home)
    assert stage.in_a_small_place(tmp_path, "route", size) == FAILED
    assert contents(home) == before
    assert stage.in_a_small_place(tmp_path, "route", 10**6) == SURVIVED
    assert nothing_stays(home)
    take_off(home)
    assert contents(home) == before
