"""Each way in which an entry can differ from what install wrote, and that nothing is said of what stands as written."""

from dataclasses import replace

import pytest

from mcpgw.installers.drift import MENDED_BY_ROUTING, Drift, drifted, newcomers, strays
from mcpgw.registry.entry import Entry, Scope, Transport, entry_id, wrap
from mcpgw.registry.ledger import LedgerEntry

FILE, LAUNCHER, ID = "/h/.claude.json", "/s/bin/mcpgw", "claude-code:user:fs"
BEFORE, AFTER = ("npx", ("-y", "fs")), (LAUNCHER, wrap(ID, "npx", ("-y", "fs")))
KNOWN = LedgerEntry(ID, "fs", "claude-code", "user", None, FILE, before=BEFORE, after=AFTER)
READABLE = frozenset({FILE})


def entry(command, *args, name="fs"):
    return Entry("claude-code", Scope.USER, FILE, None, name, Transport.STDIO, command, args, (), None, "{}")


AS_WRITTEN = entry(LAUNCHER, *AFTER[1])


def found(*entries, known=KNOWN, readable=READABLE):
    return [each.drift for each in drifted([known], entries, readable, LAUNCHER)]


def test_an_entry_that_stands_as_written_has_not_drifted():
    assert found(AS_WRITTEN) == []


@pytest.mark.requirement("doctor.drift")
@pytest.mark.parametrize(
    ("now", "drift"),
    [
        (entry("npx", "-y", "fs"), Drift.UNROUTED),
        (entry("uvx", "fs"), Drift.REPLACED),
        (entry("/old/bin/mcpgw", *AFTER[1]), Drift.STALE),
        (entry(LAUNCHER, *wrap("claude-code:user:other", "npx", ("-y", "fs"))), Drift.STALE),
        (entry(LAUNCHER, *AFTER[1], "--more"), Drift.EDITED),
    ],
)
def test_what_became_of_it(now, drift):
    assert found(now) == [drift]


SHARED_ID = entry_id("claude-code", Scope.PROJECT, "fs", "/app/.mcp.json", None)
SHADOW = (LAUNCHER, wrap(SHARED_ID, "npx", ("-y", "fs"), shadow=True))
ADDED = replace(KNOWN, before=None, after=SHADOW, origin="/app/.mcp.json")


@pytest.mark.requirement("doctor.shadow-taken-over")
def test_a_shadow_as_it_was_written_follows_its_origin_and_one_that_was_changed_is_its_owners():
    as_written, edited = entry(*SHADOW[:1], *SHADOW[1]), entry(LAUNCHER, *SHADOW[1], "--mine")
    copied = replace(entry(LAUNCHER, *SHADOW[1], name="copied"), misplaced=True)
    assert found(as_written, known=ADDED) == []
    assert found(edited, known=ADDED) == [Drift.TAKEN_OVER]
    assert [each.drift for each in strays([ADDED], [edited, copied], LAUNCHER)] == [Drift.TAKEN_OVER]
    assert Drift.TAKEN_OVER in MENDED_BY_ROUTING


def test_a_deleted_entry_is_gone_and_is_not_routed_again():
    assert found() == [Drift.GONE]
    assert Drift.GONE not in MENDED_BY_ROUTING


def test_the_three_sides_are_told():
    (one,) = drifted([KNOWN], [entry("uvx", "fs")], READABLE, LAUNCHER)
    assert (one.first, one.written, one.now) == (BEFORE, AFTER, ("uvx", ("fs",)))


def test_of_a_file_that_cannot_be_read_nothing_is_said():
    assert found(readable=frozenset()) == []


def test_an_older_ledger_knows_no_command_and_a_routed_entry_is_left_alone():
    assert found(entry(LAUNCHER, *AFTER[1], "--more"), known=replace(KNOWN, before=None, after=None)) == []


def test_what_came_after_the_last_install_is_new():
    late = entry("late", name="late")
    assert [each.drift for each in newcomers([late, entry("npx")], frozenset({ID}))] == [Drift.NEW]
    assert newcomers([late], None) == ()
    assert newcomers([AS_WRITTEN], frozenset()) == ()


def test_a_routed_entry_under_another_name_is_a_stray():
    renamed = entry(LAUNCHER, *AFTER[1], name="fs2")
    assert [each.entry_id for each in strays([KNOWN], [AS_WRITTEN, renamed], LAUNCHER)] == ["claude-code:user:fs2"]
    assert strays([], [AS_WRITTEN, entry("npx", name="plain")], LAUNCHER) == ()
