import os
from dataclasses import replace

import pytest

from mcpgw.errors import EnvironmentFault
from mcpgw.installers.apply import apply_install, apply_uninstall
from mcpgw.installers.deed import opened
from mcpgw.installers.recovery import recover, sweep
from mcpgw.installers.rollback import uninstall_plan
from mcpgw.registry.ledger import append, entries, plan_record, read_ledger
from mcpgw.state.trust import read_approvals
from support.client_home import write
from support.one_server import FS, OneServer
from support.shared_project import shared_project


@pytest.fixture
def case(tmp_path):
    return OneServer(tmp_path)


def cut_short(case, number=-1):
    """The ledger as a crash between the plan and what became of it leaves it."""
    *before, step = read_ledger(case.home.layout).steps
    with open(case.home.layout.ledger_file, "w"):
        append(case.home.layout, *(plan_record(each, at=1.0) for each in (*before, step)))


@pytest.mark.requirement("install.recovery")
@pytest.mark.parametrize("edited", [False, True])
def test_a_crash_between_plan_and_done_is_settled(case, edited):
    case.install()
    cut_short(case)
    leftover = case.home.home / ".claude.json.mcpgw.1.ab.tmp"
    leftover.write_bytes(b"x")
    if not edited:
        write(case.home.code_file, case.content)
    assert recover(case.home.layout, now=2.0) == (str(case.home.code_file),)
    ledger = read_ledger(case.home.layout)
    assert ledger.open_steps == frozenset()
    assert [each.entry_id for each in ledger.installed] == ([FS] if edited else [])
    assert not leftover.exists()
    assert recover(case.home.layout, now=3.0) == ()


@pytest.mark.requirement("trust.failed-install")
@pytest.mark.parametrize("edited", [False, True])
def test_what_was_approved_with_an_edit_goes_with_it(case, tmp_path, edited):
    approved = replace(shared_project(tmp_path / "shared", tmp_path / "state").entry("npx"), entry_id=FS)
    apply_install(opened(case.home.layout, now=1.0), case.plan, case.build, (approved,))
    cut_short(case)
    if not edited:
        write(case.home.code_file, case.content)
    recover(case.home.layout, now=2.0)
    assert [each.entry_id for each in read_approvals(case.home.layout)] == ([FS] if edited else [])


@pytest.mark.requirement("install.recovery")
@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize("rewritten", [False, True])
def test_so_is_one_of_taking_off(case, edited, rewritten):
    case.install()
    routed = case.on_disk()

    def build(content):
        return uninstall_plan(case.file, content, read_ledger(case.home.layout))

    apply_uninstall(opened(case.home.layout, now=1.0), build(routed), build)
    cut_short(case)
    write(case.home.code_file, (case.content if edited else routed) + (b"\n" if rewritten else b""))
    recover(case.home.layout, now=2.0)
    assert read_ledger(case.home.layout).open_steps == frozenset()
    assert bool(entries(case.home.layout)) is not edited


@pytest.mark.parametrize("state", ["rewritten", "gone"])
def test_a_crash_is_settled_by_what_the_file_says_now(case, state):
    case.install()
    cut_short(case)
    if state == "gone":
        case.home.code_file.unlink()
    else:
        write(case.home.code_file, case.on_disk() + b"\n")
    recover(case.home.layout, now=2.0)
    assert bool(entries(case.home.layout)) is (state == "rewritten")


def test_a_file_that_cannot_be_looked_at_stays_open(case):
    case.install()
    cut_short(case)
    case.home.code_file.unlink()
    case.home.code_file.mkdir()
    with pytest.raises(EnvironmentFault, match="was cut short"):
        recover(case.home.layout, now=2.0)
    assert read_ledger(case.home.layout).open_steps == {1}


@pytest.mark.requirement("install.recovery")
def test_what_dead_processes_left_goes_and_what_the_living_write_stays(case):
    layout = case.home.layout
    digest = f"{layout.policy_dir}/{'a' * 64}"
    for directory in (layout.bin_dir, digest, f"{layout.runtime_dir}/1.building.9", f"{layout.policy_dir}/.new-1"):
        os.makedirs(directory)
    dead = 2**22 + 1  # above the highest pid
    left = [f"{layout.root}/config.toml.mcpgw.{dead}.ab.tmp", f"{digest}/snapshot.json.mcpgw.{dead}.ab.tmp"]
    kept = [f"{layout.bin_dir}/mcpgw.mcpgw.{os.getpid()}.ab.tmp", f"{layout.bin_dir}/mine.tmp"]
    for path in (*left, *kept):
        with open(path, "w"):
            pass
    sweep(layout)
    assert [path for path in (*left, *kept) if os.path.exists(path)] == kept
    assert os.listdir(layout.runtime_dir) == []
    assert not os.path.exists(f"{layout.policy_dir}/.new-1")
