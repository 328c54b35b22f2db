from dataclasses import replace

import pytest

from mcpgw.installers.change import Change, Outcome
from mcpgw.installers.checkup import (
    Checkup,
    awake_twins,
    broken_files,
    drift_symptoms,
    old_sessions,
    open_secrets,
    shadows_due,
    unfinished,
)
from mcpgw.installers.drift import Drift, Drifted
from mcpgw.installers.sessions import Session
from mcpgw.installers.symptom import Weight
from mcpgw.registry.claude.twins import Twin
from mcpgw.registry.client import Problem
from mcpgw.registry.entry import Entry, Scope, Transport, wrap
from mcpgw.registry.exposure import Exposure, Readers
from mcpgw.registry.leaks import Leak
from mcpgw.registry.ledger import Step
from mcpgw.registry.literals import LiteralSecret


def one(drift, name="fs"):
    return Drifted(drift, f"claude-code:user:{name}", name, "claude-code", "/h/.claude.json", None, None, None)


def test_every_kind_of_drift_has_its_sentence_and_an_edit_is_only_a_note():
    found = {drift: next(iter(drift_symptoms([one(drift)]))) for drift in Drift}
    assert len({each.text for each in found.values()}) == len(Drift)
    assert [drift for drift, each in found.items() if each.weight is Weight.NOTE] == [Drift.EDITED]


def test_mending_routes_some_and_forgets_what_is_gone():
    checkup = Checkup((), (one(Drift.UNROUTED, "a"), one(Drift.GONE, "b"), one(Drift.EDITED, "c"), one(Drift.NEW, "d")))
    assert checkup.to_route == ("claude-code:user:a", "claude-code:user:d")
    assert [each.name for each in checkup.to_forget] == ["b"]


def test_only_notes_are_healthy():
    assert Checkup(tuple(drift_symptoms([one(Drift.EDITED)])), ()).healthy
    assert not Checkup(tuple(drift_symptoms([one(Drift.GONE)])), ()).healthy


def test_an_edit_that_was_cut_short_is_named_by_its_file():
    steps = [Step(1, "/h/a", "/h/a", "", "", (), ()), Step(2, "/h/b", "/h/b", "", "", (), ())]
    (found,) = unfinished(steps, frozenset({2}))
    assert (found.weight, "/h/b" in found.text) == (Weight.MENDABLE, True)


def test_broken_files_and_old_sessions_want_a_person():
    problem = Problem("/h/x", "/h/x:1:2: this is not valid JSON", "Mend the file.", blocking=True)
    found = [*broken_files([problem]), *old_sessions([Session("Claude Code", 7)])]
    assert [(each.check, each.weight) for each in found] == [("file", Weight.ACTION), ("session", Weight.ACTION)]
    assert "pid 7" in found[1].text


ENTRY = Entry("claude-code", Scope.USER, "/h/f", None, "fs", Transport.STDIO, "npx", ("fs",), (), None, "{}")
PLUGIN = replace(ENTRY, scope=Scope.PLUGIN, name="plugin:p:fs")
ROUTED = replace(ENTRY, command="/s/bin/mcpgw", args=wrap(ENTRY.entry_id, "npx", ("fs",)))


@pytest.mark.requirement("doctor.twins")
def test_a_twin_is_awake_only_beside_a_routed_entry():
    assert list(awake_twins([Twin(ENTRY, PLUGIN)])) == []
    (found,) = awake_twins([Twin(ROUTED, PLUGIN)])
    assert (found.weight, "plugin:p:fs is the same server as fs" in found.text) == (Weight.ACTION, True)


@pytest.mark.parametrize(
    ("readers", "open_"), [(Readers.OWNER, False), (Readers.GROUP, True), (Readers.EVERYONE, True)]
)
def test_each_open_file_with_secrets_is_named_once(readers, open_):
    literal = LiteralSecret("github-token", "high", "/env/K", 0, "x")
    leak = Leak(ENTRY, literal, 3, Exposure(readers, "staff", 0o640))
    found = list(open_secrets([leak, leak]))
    assert [each.text.startswith("/h/f holds secrets") for each in found] == ([True] if open_ else [])


def test_a_shadow_out_of_step_says_why():
    due = [Change(ROUTED, outcome, None, None, 0) for outcome in (Outcome.RENEW, Outcome.UNSHADOW)]
    texts = [each.text for each in shadows_due(due)]
    assert ["has changed" in texts[0], "is left" in texts[1]] == [True, True]
