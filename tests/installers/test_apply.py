import os
import sys
from contextlib import ExitStack

import pytest
from filelock import FileLock

from mcpgw.errors import EnvironmentFault, Refused
from mcpgw.installers import apply, swap
from mcpgw.installers.apply import apply_uninstall, sole_installer
from mcpgw.installers.deed import opened
from mcpgw.installers.rollback import uninstall_plan
from mcpgw.registry.ledger import Ledger, entries, read_ledger
from support.client_home import write
from support.in_place import await_waiting, opening
from support.one_server import FS, OneServer


@pytest.fixture
def case(tmp_path):
    return OneServer(tmp_path)


def test_the_plan_is_recorded_and_done(case):
    done = case.install()
    assert case.on_disk() == done.new == case.plan.new
    ledger = read_ledger(case.home.layout)
    assert ledger.open_steps == frozenset()
    assert [each.entry_id for each in ledger.installed] == [FS]
    assert sorted(path.name for path in case.home.home.iterdir()) == [".claude.json"]


def test_a_change_elsewhere_in_the_file_is_kept(case):
    write(case.home.code_file, b'{"n": 1, ' + case.content[1:])
    case.install()
    assert case.on_disk() == b'{"n": 1, ' + case.plan.new[1:]


def test_a_change_of_the_server_needs_a_new_look(case):
    write(case.home.code_file, case.content.replace(b"npx", b"bunx"))
    with pytest.raises(Refused, match="servers changed"):
        case.install()
    assert b"bunx" in case.on_disk()
    assert entries(case.home.layout) == ()


def meddler(case, times):
    """A client that writes without the lock, in the moment between reading and replacing."""
    writes = []

    def build(content):
        plan = case.build(content)
        if len(writes) < times:
            writes.append(content)
            write(case.home.code_file, content.replace(b"{", b"{ ", 1))
        return plan

    return build


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody who writes in place is seen")
@pytest.mark.requirement("install.in-place-writer")
def test_a_write_in_place_at_the_very_moment_is_kept_and_the_edit_made(case, monkeypatch):
    path, real = str(case.home.code_file), os.replace
    with ExitStack() as stack:

        def meanwhile(source, target):
            if target == path:
                monkeypatch.setattr(os, "replace", real)
                writer = stack.enter_context(opening(case.home.code_file))
                await_waiting(case.home.code_file)
                writer.tell(b'{"n": 1, ' + case.content[1:])
            real(source, target)

        monkeypatch.setattr(os, "replace", meanwhile)
        case.install()
    assert case.on_disk() == b'{"n": 1, ' + case.plan.new[1:]
    assert sorted(path.name for path in case.home.home.iterdir()) == [".claude.json"]


def test_a_stray_write_is_noticed_and_kept(case):
    case.install(meddler(case, 1))
    assert case.on_disk() == case.plan.new.replace(b"{", b"{ ", 1)
    assert read_ledger(case.home.layout).open_steps == frozenset()


def test_a_client_that_never_rests_wins(case):
    with pytest.raises(EnvironmentFault, match="keeps being rewritten"):
        case.install(meddler(case, 99))
    assert b"mcpgw" not in case.on_disk()
    assert entries(case.home.layout) == ()


@pytest.mark.requirement("install.client-lock")
def test_a_client_that_writes_each_time_it_has_the_lock_is_kept_out_at_last(case):
    writes = []

    def build(content):
        if not os.path.isdir(f"{case.home.code_file}.lock"):
            writes.append(content)
            write(case.home.code_file, content.replace(b"{", b"{ ", 1))
        return case.build(content)

    done = case.install(build)
    assert len(writes) == 3
    assert case.on_disk() == done.new == case.plan.new.replace(b"{", b"{   ", 1)
    assert sorted(path.name for path in case.home.home.iterdir()) == [".claude.json"]


def test_taking_off_is_compared_and_swapped_too(case):
    case.install()

    def build(content):
        return uninstall_plan(case.file, content, read_ledger(case.home.layout))

    plan = build(case.on_disk())
    apply_uninstall(opened(case.home.layout, now=2.0), plan, build)
    assert case.on_disk() == case.content
    assert apply_uninstall(opened(case.home.layout, now=3.0), build(case.content), build).changed is False


def test_taking_off_is_planned_before_and_recorded_after(case):
    case.install()
    steps = []

    def build(content):
        steps.append(read_ledger(case.home.layout).open_steps)
        plan = uninstall_plan(case.file, content, read_ledger(case.home.layout))
        if len(steps) == 2:
            write(case.home.code_file, content + b" ")
        return plan

    apply_uninstall(opened(case.home.layout, now=2.0), build(case.on_disk()), build)
    assert steps == [frozenset(), frozenset(), frozenset({2})]
    ledger = read_ledger(case.home.layout)
    assert [step.gone for step in ledger.steps] == [(), (FS,)]
    assert (ledger.open_steps, ledger.installed) == (frozenset(), ())


@pytest.mark.requirement("install.client-lock")
def test_a_lock_that_stays_held_changes_nothing(case, monkeypatch):
    monkeypatch.setattr(swap, "LOCK_WAIT_SECONDS", 0.05)
    os.mkdir(f"{case.home.code_file}.lock")
    with pytest.raises(EnvironmentFault, match="locked by its client"):
        case.install()
    assert case.on_disk() == case.content
    ledger = read_ledger(case.home.layout)
    assert (ledger.open_steps, ledger.installed) == (frozenset(), ())
    assert sorted(os.listdir(case.home.home)) == [".claude.json", ".claude.json.lock"]


def test_half_a_file_is_read_again(case):
    reads = []

    def build(content):
        reads.append(content)
        if len(reads) == 1:
            write(case.home.code_file, content[:20])
        if len(reads) == 2:
            write(case.home.code_file, case.content)
        return case.build(content)

    case.install(build)
    assert reads == [case.content, case.content[:20], case.content]
    assert case.on_disk() == case.plan.new


def test_a_server_that_was_deleted_meanwhile_needs_no_new_look(case):
    write(case.home.code_file, {"mcpServers": {}})
    assert not case.install().changed
    assert entries(case.home.layout) == ()


def test_taking_off_gives_up_on_a_restless_client(case):
    case.install()

    def build(content):
        plan = uninstall_plan(case.file, content, Ledger())
        write(case.home.code_file, content + b" ")
        return plan

    with pytest.raises(EnvironmentFault, match="keeps being rewritten"):
        apply_uninstall(opened(None, now=2.0), uninstall_plan(case.file, case.on_disk(), Ledger()), build)


def test_the_lock_is_private_whatever_the_umask(case):
    before = os.umask(0)
    try:
        with sole_installer(case.home.layout):
            assert os.stat(case.home.layout.installer_lock).st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_one_installer_at_a_time(case, monkeypatch):
    monkeypatch.setattr(apply, "_INSTALLER_WAIT_SECONDS", 0.1)
    case.install()
    with (
        FileLock(case.home.layout.installer_lock),
        pytest.raises(EnvironmentFault, match="another install"),
        sole_installer(case.home.layout),
    ):
        raise AssertionError
