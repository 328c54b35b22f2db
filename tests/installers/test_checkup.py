from mcpgw.installers.checkup import Checkup, broken_files, drift_symptoms, old_sessions, unfinished
from mcpgw.installers.drift import Drift, Drifted
from mcpgw.installers.sessions import Session
from mcpgw.installers.symptom import Weight
from mcpgw.registry.client import Problem
from mcpgw.registry.ledger import Step


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
