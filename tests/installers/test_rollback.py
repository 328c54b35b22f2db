import json

import pytest

from mcpgw.errors import McpgwError
from mcpgw.installers.change import Outcome
from mcpgw.installers.edits import reversal
from mcpgw.installers.plan import install_plan, sha256
from mcpgw.installers.rollback import stepped_back, uninstall_plan
from mcpgw.registry.claude.projects import USER_CONTAINERS
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.entry import Scope, entry_id, wrap
from mcpgw.registry.ledger import Ledger, Replaced, Step

FILE = ConfigFile("claude-code", "/h/.claude.json", (Container(("mcpServers",), Scope.USER),))
CONTENT = b'{"n": 1, "mcpServers": {"fs": {"command": "npx", "args": ["-y"]}, "git": {"command":"git"}}}'
BOTH = frozenset({"claude-code:user:fs", "claude-code:user:git"})


def step_of(plan, number):
    back = reversal(plan.old, plan.edits)
    replaced = tuple(Replaced(each.start, each.end - each.start, each.text.decode("latin-1")) for each in back)
    return Step(number, FILE.path, FILE.path, sha256(plan.old), sha256(plan.new), replaced, ())


def routed(content=CONTENT, wanted=BOTH, launcher="/s/mcpgw", number=1):
    plan = install_plan(FILE, content, wanted, launcher)
    return plan.new, step_of(plan, number)


def ledger(*steps):
    return Ledger(steps=steps, next_number=len(steps) + 1)


@pytest.mark.requirement("uninstall.exact-bytes")
def test_an_untouched_file_gets_its_exact_bytes_back():
    new, step = routed()
    plan = uninstall_plan(FILE, new, ledger(step))
    assert plan.new == CONTENT
    assert [change.after for change in plan.changes] == [("npx", ("-y",)), ("git", None)]


def test_two_installs_are_stepped_back_in_turn():
    first, one = routed(wanted=frozenset({"claude-code:user:fs"}))
    second, two = routed(first, number=2)
    assert uninstall_plan(FILE, second, ledger(one, two)).new == CONTENT


def test_launchers_that_went_back_and_forth_make_no_circle():
    first, one = routed()
    second, two = routed(first, launcher="/t/mcpgw", number=2)
    third, three = routed(second, launcher="/s/mcpgw", number=3)
    assert third == first
    assert uninstall_plan(FILE, third, ledger(one, two, three)).new == CONTENT


@pytest.mark.requirement("uninstall.without-state")
def test_without_a_ledger_the_args_say_it_all():
    new, _ = routed()
    assert uninstall_plan(FILE, new, Ledger()).new == CONTENT


@pytest.mark.requirement("uninstall.keeps-edits")
def test_what_changed_since_is_kept():
    new, step = routed()
    tree = json.loads(new)
    tree["n"] = 2
    tree["mcpServers"]["fs"]["args"].append("--more")
    tree["mcpServers"]["fs"]["env"] = {"A": "1"}
    tree["mcpServers"]["new"] = {"command": "new"}
    del tree["mcpServers"]["git"]
    plan = uninstall_plan(FILE, json.dumps(tree, indent=4).encode(), ledger(step))
    assert json.loads(plan.new) == {
        "n": 2,
        "mcpServers": {
            "fs": {"command": "npx", "args": ["-y", "--more"], "env": {"A": "1"}},
            "new": {"command": "new"},
        },
    }


def test_one_of_two_comes_off():
    new, step = routed()
    plan = uninstall_plan(FILE, new, ledger(step), frozenset({"claude-code:user:git"}))
    servers = json.loads(plan.new)["mcpServers"]
    assert servers["git"] == {"command": "git"}
    assert servers["fs"]["command"] == "/s/mcpgw"


def test_an_entry_that_was_copied_is_unwrapped_too():
    new, step = routed()
    copied = new.replace(
        b'"git": {', b'"copy": {"command": "/s/mcpgw", "args": ["run", "--entry", "a:user:b", "--", "x"]}, "git": {'
    )
    plan = uninstall_plan(FILE, copied, ledger(step))
    assert json.loads(plan.new)["mcpServers"]["copy"] == {"command": "x", "args": []}


def test_a_file_without_ours_stays():
    plan = uninstall_plan(FILE, CONTENT, Ledger())
    assert not plan.changed
    assert plan.changes == ()


def test_a_forged_ledger_does_not_lead_anywhere():
    new, step = routed()
    forged = Step(1, step.file, step.realpath, "00" * 32, step.sha256_after, step.replaced, ())
    with pytest.raises(McpgwError, match="does not lead to the original"):
        stepped_back(forged, new)


LOCAL = ConfigFile("claude-code", "/h/.claude.json", USER_CONTAINERS)


def shadow_text(name):
    origin = entry_id("claude-code", Scope.PROJECT, name, "/.mcp.json", None)
    return json.dumps({"command": "/s/mcpgw", "args": wrap(origin, "npx", None, shadow=True)})


@pytest.mark.parametrize(
    ("shadowed", "restored"),
    [
        ('{"projects": {"/a": {"mcpServers": {"s": %s}}}}', '{"projects": {"/a": {"mcpServers": {}}}}'),
        (
            '{"projects": {"/a": {"mcpServers": {"a": {}, "s": %s, "t": %s}, "n": 1}}}',
            '{"projects": {"/a": {"mcpServers": {"a": {}}, "n": 1}}}',
        ),
        (
            '{"projects": {"/a": {"mcpServers": {"s": %s, "b": {"command": "/s/mcpgw", "args": ["run", "--entry", "a:user:b", "--", "x"]}}}}}',
            '{"projects": {"/a": {"mcpServers": {"b": {"command": "x", "args": []}}}}}',
        ),
    ],
)
def test_an_entry_that_was_added_as_a_whole_goes_as_a_whole(shadowed, restored):
    shadowed = shadowed.replace('"s": %s', f'"s": {shadow_text("s")}').replace('"t": %s', f'"t": {shadow_text("t")}')
    plan = uninstall_plan(LOCAL, shadowed.encode(), Ledger())
    assert plan.new == restored.encode()
    assert Outcome.UNSHADOW in [change.outcome for change in plan.changes]
