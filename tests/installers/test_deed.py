from mcpgw.installers.deed import Deed, opened, step_of
from mcpgw.installers.rollback import uninstall_plan
from mcpgw.registry.ledger import Ledger, read_ledger
from support.one_server import FS, OneServer


def test_without_a_ledger_nothing_is_recorded(tmp_path):
    case = OneServer(tmp_path)
    deed = Deed(opened(None, now=1.0))
    deed.announce(case.plan, case.file.path)
    deed.done()
    deed.undone()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app", "home"]


def test_what_was_announced_again_did_not_happen_before(tmp_path):
    case = OneServer(tmp_path)
    deed = Deed(opened(case.home.layout, now=1.0))
    deed.announce(case.plan, case.file.path)
    deed.announce(case.plan, case.file.path)
    ledger = read_ledger(case.home.layout)
    assert [step.number for step in ledger.steps] == [2]
    deed.undone()
    assert read_ledger(case.home.layout).installed == ()


def test_the_original_bytes_are_kept_only_while_something_is_routed(tmp_path):
    case = OneServer(tmp_path)
    routing = step_of(case.plan, case.file.path, 1)
    assert [each.original.split() for each in routing.replaced] == [['"npx"'], []]
    assert ([each.entry_id for each in routing.entries], routing.gone) == ([FS], ())
    taking_off = step_of(uninstall_plan(case.file, case.plan.new, Ledger()), case.file.path, 2)
    assert (taking_off.replaced, taking_off.entries, taking_off.gone, taking_off.locked) == ((), (), (FS,), True)
