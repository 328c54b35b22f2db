"""The verdict follows from rows, instances and sessions, and names the worst first."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from mcpgw.cli.verdict import Row, Session, Standing, Verdict, Word, judge
from mcpgw.paths import StateLayout
from mcpgw.state.instance import Identity, InstanceStatus, open_instance, read_instances
from support.journals import DAY, NOON

ROUTED = Row("claude-code:user:fs", "fs", "claude-code", "user", "/h/.claude.json", True, "routed", installed_at=NOON)
BARE = Row("claude-code:user:git", "git", "claude-code", "user", "/h/.claude.json", False, "not routed yet")
OFF = Row("claude-code:user:off", "off", "claude-code", "user", "/h/.claude.json", False, "switched off", starts=False)


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path))


def instances(
    layout: StateLayout, *, entry: str = ROUTED.entry, alive: bool = True, state: str = "ready"
) -> tuple[InstanceStatus, ...]:
    instance = open_instance(layout, Identity("fs", entry), now=NOON + 1)
    instance.set_state(state)
    if not alive:
        instance.close()
    found = read_instances(layout)
    instance.close()
    return found


def verdict(
    rows: Sequence[Row],
    found: Sequence[InstanceStatus] = (),
    sessions: Sequence[Session] = (),
    problems: Sequence[str] = (),
    now: float = NOON + 60,
) -> Verdict:
    return judge(rows, found, sessions, problems, now=now)


def standings(result: Verdict) -> list[Standing]:
    return [entry.standing for entry in result.entries]


def test_nothing_at_all() -> None:
    result = verdict([])
    assert result.word is Word.NO_SERVERS and "no client lists a server" in result.sentence


@pytest.mark.requirement("status.protected")
def test_a_live_instance_protects(layout: StateLayout) -> None:
    result = verdict([ROUTED], instances(layout))
    assert result.word is Word.PROTECTED and standings(result) == [Standing.PROTECTED]
    assert result.sentence == "Protected: 1 entry: 1 protected."


@pytest.mark.requirement("status.waiting")
def test_an_older_session_still_runs_it_unrouted(layout: StateLayout) -> None:
    sessions = [Session("claude-code", 12, NOON - 5), Session("claude-code", 13, NOON + 5), Session("other", 1, 0)]
    result = verdict([ROUTED], instances(layout), sessions)
    (entry,) = result.entries
    assert entry.standing is Standing.WAITING and "(pid 12)" in entry.why and len(entry.live) == 1
    assert result.word is Word.ACTION_NEEDED


def test_installed_and_never_started_waits_for_a_restart() -> None:
    assert standings(verdict([ROUTED])) == [Standing.WAITING]


def test_installed_long_ago_and_run_by_nobody_is_idle() -> None:
    result = verdict([ROUTED], now=NOON + 30 * DAY)
    assert standings(result) == [Standing.IDLE] and result.word is Word.PROTECTED


def test_a_dead_instance_makes_it_idle(layout: StateLayout) -> None:
    result = verdict([ROUTED], instances(layout, alive=False))
    assert standings(result) == [Standing.IDLE] and result.entries[0].last is not None


@pytest.mark.requirement("status.unprotected")
def test_what_is_not_routed_is_unprotected_and_says_why(layout: StateLayout) -> None:
    result = verdict([ROUTED, BARE, OFF], instances(layout))
    assert standings(result) == [Standing.PROTECTED, Standing.UNPROTECTED, Standing.IDLE]
    assert result.word is Word.PARTLY and result.entries[1].why == "not routed yet"
    assert result.sentence == "Partly protected: 3 entries: 1 protected, 1 unprotected, 1 idle."
    assert verdict([BARE, OFF]).word is Word.UNPROTECTED


def test_a_problem_comes_first(layout: StateLayout) -> None:
    result = verdict([ROUTED], instances(layout), problems=["the policy does not compile"])
    assert result.word is Word.ACTION_NEEDED and result.problems == ("the policy does not compile",)


def test_a_failed_instance_needs_action(layout: StateLayout) -> None:
    assert verdict([ROUTED], instances(layout, state="failed")).word is Word.ACTION_NEEDED


def test_instances_of_no_listed_entry_are_shown_apart(layout: StateLayout) -> None:
    result = verdict([BARE], instances(layout, entry=""))
    assert len(result.others) == 1 and result.word is Word.UNPROTECTED


def test_dead_instances_of_no_listed_entry_are_left_out(layout: StateLayout) -> None:
    assert verdict([], instances(layout, entry="gone", alive=False)).others == ()
