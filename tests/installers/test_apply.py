import pytest
from filelock import FileLock

from mcpgw.errors import EnvironmentFault, Refused
from mcpgw.installers import apply
from mcpgw.installers.apply import apply_install, apply_uninstall, recover, sole_installer
from mcpgw.installers.plan import install_plan
from mcpgw.installers.rollback import uninstall_plan
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.entry import Scope
from mcpgw.registry.ledger import Ledger, append, entries, plan_record, read_ledger
from support.client_home import client_home, write

FS = "claude-code:user:fs"


class Case:
    """One file with one server, and the builder of its plan."""

    def __init__(self, root):
        self.home = client_home(root)
        self.content = write(self.home.code_file, {"mcpServers": {"fs": {"command": "npx", "args": ["-y"]}}})
        containers = (Container(("mcpServers",), Scope.USER),)
        self.file = ConfigFile("claude-code", str(self.home.code_file), containers, locked=True)
        self.plan = self.build(self.content)

    def build(self, content):
        return install_plan(self.file, content, frozenset({FS}), self.home.layout.launcher)

    def on_disk(self):
        return self.home.code_file.read_bytes()

    def install(self, build=None):
        return apply_install(self.home.layout, self.plan, build or self.build, now=1.0)


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


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


def test_a_stray_write_is_noticed_and_kept(case):
    case.install(meddler(case, 1))
    assert case.on_disk() == case.plan.new.replace(b"{", b"{ ", 1)
    assert read_ledger(case.home.layout).open_steps == frozenset()


def test_a_client_that_never_rests_wins(case):
    with pytest.raises(EnvironmentFault, match="keeps being rewritten"):
        case.install(meddler(case, 99))
    assert b"mcpgw" not in case.on_disk()
    assert entries(case.home.layout) == ()


def test_taking_off_is_compared_and_swapped_too(case):
    case.install()

    def build(content):
        return uninstall_plan(case.file, content, read_ledger(case.home.layout))

    plan = build(case.on_disk())
    apply_uninstall(plan, build)
    assert case.on_disk() == case.content
    assert apply_uninstall(build(case.content), build).changed is False


def test_taking_off_gives_up_on_a_restless_client(case):
    case.install()

    def build(content):
        plan = uninstall_plan(case.file, content, Ledger())
        write(case.home.code_file, content + b" ")
        return plan

    with pytest.raises(EnvironmentFault, match="keeps being rewritten"):
        apply_uninstall(uninstall_plan(case.file, case.on_disk(), Ledger()), build)


@pytest.mark.requirement("install.recovery")
@pytest.mark.parametrize("edited", [False, True])
def test_a_crash_between_plan_and_done_is_settled(case, edited):
    case.install()
    step = read_ledger(case.home.layout).steps[0]
    with open(case.home.layout.ledger_file, "w"):
        append(case.home.layout, plan_record(step, at=1.0))
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


@pytest.mark.parametrize("state", ["rewritten", "gone"])
def test_a_crash_is_settled_by_what_the_file_says_now(case, state):
    case.install()
    step = read_ledger(case.home.layout).steps[0]
    with open(case.home.layout.ledger_file, "w"):
        append(case.home.layout, plan_record(step, at=1.0))
    if state == "gone":
        case.home.code_file.unlink()
    else:
        write(case.home.code_file, case.on_disk() + b"\n")
    recover(case.home.layout, now=2.0)
    assert bool(entries(case.home.layout)) is (state == "rewritten")


def test_one_installer_at_a_time(case, monkeypatch):
    monkeypatch.setattr(apply, "_INSTALLER_WAIT_SECONDS", 0.1)
    case.install()
    with (
        FileLock(f"{case.home.layout.ledger_file}.lock"),
        pytest.raises(EnvironmentFault, match="another install"),
        sole_installer(case.home.layout),
    ):
        raise AssertionError
