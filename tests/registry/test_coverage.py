from dataclasses import replace

import pytest

from mcpgw.registry.coverage import Reason, coverage, figure, obstacle
from mcpgw.registry.entry import Entry, Scope, Standing, Transport, wrap

STDIO = Entry("claude-code", Scope.USER, "/f", None, "fs", Transport.STDIO, "npx", (), (), None, "{}")
ROUTED = replace(STDIO, command="/s/bin/mcpgw", args=wrap("claude-code:user:fs", "npx", ()))
REMOTE = replace(STDIO, transport=Transport.HTTP, command=None, args=None, url="https://x")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (ROUTED, None),
        (STDIO, Reason.NOT_INSTALLED),
        (REMOTE, Reason.REMOTE),
        (replace(STDIO, scope=Scope.PROJECT), Reason.PROJECT_FILE),
        (replace(STDIO, scope=Scope.PROJECT, standing=Standing.DISABLED), Reason.DISABLED),
        (replace(STDIO, scope=Scope.MANAGED, standing=Standing.MANAGED), Reason.MANAGED),
        (replace(STDIO, standing=Standing.OVERRULED), Reason.OVERRULED),
        (replace(STDIO, standing=Standing.DENIED), Reason.DENIED),
        (replace(STDIO, standing=Standing.BY_COMMAND), Reason.BY_COMMAND),
        (replace(STDIO, standing=Standing.DISABLED), Reason.DISABLED),
        (replace(STDIO, transport=Transport.INVALID, note="it has no command"), Reason.INVALID),
    ],
)
def test_each_entry_is_routed_or_has_a_reason(entry, reason):
    (covered,) = coverage([entry], None)
    assert covered.reason is reason
    assert covered.routed is (reason is None)
    assert covered.text


def test_a_disabled_entry_is_routed_for_the_day_it_is_switched_on():
    assert obstacle(replace(STDIO, standing=Standing.DISABLED)) is None


def test_the_fault_of_an_invalid_entry_is_told():
    (covered,) = coverage([replace(STDIO, transport=Transport.INVALID, note="it has no command")], None)
    assert covered.text == "the client skips it: it has no command"


@pytest.mark.requirement("list.coverage")
def test_the_figure_counts_what_the_client_would_start():
    denied = replace(STDIO, standing=Standing.DENIED)
    counted = figure(coverage([ROUTED, STDIO, REMOTE, denied], None))
    assert (counted.routed, counted.total) == (1, 3)
    assert counted.text == "1 of 3 servers routed (33 %)"


def test_a_figure_of_nothing():
    assert figure(()).text == "no server that a client would start"


def test_new_is_what_came_after_the_last_install():
    seen = frozenset({STDIO.entry_id})
    one, two = coverage([STDIO, replace(STDIO, name="git")], seen)
    assert (one.new, two.new) == (False, True)
    assert not coverage([STDIO], None)[0].new
