import pytest

from mcpgw.installers.trust import approve, deny, stale
from mcpgw.installers.unapproved import unapproved, waiting
from mcpgw.registry.discover import discover
from mcpgw.registry.entry import Scope, entry_id, wrap
from mcpgw.registry.source import Cause
from mcpgw.state.trust import NOTHING, read_approvals
from support.client_home import client_home, write


@pytest.fixture
def home(tmp_path):
    return client_home(tmp_path)


def clone(home, *, env=None, launcher=None, own_id=None, name=".mcp.json"):
    """The project comes with a routed entry."""
    file = home.project / name
    own = own_id or entry_id("claude-code", Scope.PROJECT, "s", str(file), None)
    entry = {"command": launcher or home.layout.launcher, "args": wrap(own, "npx", ("-y",)), "env": env or {}}
    write(file, {"mcpServers": {"s": entry, "plain": {"command": "npx"}}})
    return own


def found(home):
    return unapproved(home.layout, discover(home.place))


@pytest.mark.requirement("trust.came-routed")
def test_what_came_routed_waits_with_its_original_words(home):
    own = clone(home, env={"B": "1", "A": "2"})
    (change,) = found(home)
    assert (change.approval.entry_id, change.approval.words, change.cause) == (own, NOTHING, Cause.UNAPPROVED)
    assert change.found == ("npx", ("-y",), ("A", "B"))
    approve(home.layout, change, now=1.0)
    assert waiting(home.layout, discover(home.place)) == ()
    clone(home, env={"C": ""})
    assert [each.cause for each in waiting(home.layout, discover(home.place))] == [Cause.CHANGED]


def test_other_variables_are_another_content(home):
    refs = []
    for env in ({}, {"A": ""}, {"NODE_OPTIONS": ""}):
        clone(home, env=env)
        refs += [change.ref for change in found(home)]
    assert len(set(refs)) == 3


def test_a_line_under_an_id_from_another_place_is_approved_under_that_id(home):
    clone(home, own_id="claude-code:project@00000000:theirs")
    (change,) = found(home)
    approve(home.layout, change, now=1.0)
    (record,) = read_approvals(home.layout)
    assert (record.entry_id, record.name) == ("claude-code:project@00000000:theirs", "s")
    assert stale(home.layout) == ()


def test_what_was_denied_is_approved_of_nothing(home):
    clone(home)
    deny(home.layout, found(home)[0])
    (record,) = read_approvals(home.layout)
    assert record.words == NOTHING
    assert [each.denied for each in waiting(home.layout, discover(home.place))] == [True]
    (home.project / ".mcp.json").unlink()
    assert waiting(home.layout, discover(home.place)) == ()


@pytest.mark.parametrize("name", [".cursor/mcp.json"])
def test_it_is_the_same_in_every_clients_shared_file(home, name):
    clone(home, name=name)
    assert [change.approval.project for change in found(home)] == [str(home.project)]


def test_what_this_gateway_would_not_look_at_is_not_withheld(home):
    clone(home, launcher="/their/bin/mcpgw")
    assert found(home) == ()
    clone(home, own_id="claude-code:user:s")
    assert found(home) == ()
