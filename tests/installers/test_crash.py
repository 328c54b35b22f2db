"""Killed before any change of the file system, an install leaves old files or new ones, and a way back."""

import json
import os

import pytest

from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import settle
from mcpgw.installers.swap import STALE_LOCK_SECONDS
from mcpgw.installers.uninstall import plan_uninstall, uninstall
from mcpgw.registry.ledger import entries, read_ledger
from mcpgw.registry.select import Choice
from support.client_home import ClientHome, furnished
from support.crashing import crash_at, route


def after_a_while(home: ClientHome) -> None:
    """The client's lock that the killed install left goes stale."""
    lock = f"{home.code_file}.lock"
    if os.path.isdir(lock):
        old = os.stat(lock).st_mtime - STALE_LOCK_SECONDS - 1
        os.utime(lock, (old, old))


def take_off(home: ClientHome) -> None:
    settle(home.layout, now=2.0)
    uninstall(home.layout, plan_uninstall(home.place, home.layout, Choice(), Tolerance(), ()), now=2.0)


def complete(home: ClientHome) -> None:
    settle(home.layout, now=2.0)
    route(home)


def no_leftovers(home: ClientHome) -> bool:
    """A stale lock may stay: the client and we take it over."""
    beside = set(os.listdir(home.home)) - {".claude.json", ".config", ".claude.json.lock"}
    return not beside and os.listdir(home.desktop_file.parent) == [home.desktop_file.name]


@pytest.mark.requirement("install.recovery")
@pytest.mark.parametrize("then", [take_off, complete])
def test_every_crash_is_completed_or_undone(tmp_path, then):
    home, points = furnished(tmp_path), 0
    before = {path: path.read_bytes() for path in (home.code_file, home.desktop_file)}
    while crash_at(tmp_path, points + 1):
        points += 1
        for path in before:
            json.loads(path.read_bytes())
        after_a_while(home)
        then(home)
        assert read_ledger(home.layout).open_steps == frozenset()
        assert no_leftovers(home)
        if then is complete:
            assert {entry.name for entry in entries(home.layout)} == {"fs", "db", "git mine"}
            take_off(home)
        assert {path: path.read_bytes() for path in before} == before
    assert points >= 12
