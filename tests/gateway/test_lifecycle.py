"""When a server is started again: single stories, and a machine that lives through many."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mcpgw.gateway.lifecycle import (
    BACKOFF,
    DEGRADED,
    FAILED,
    IDLE_DELAY_SECONDS,
    JITTER,
    LONGEST_DELAY_SECONDS,
    READY,
    STARTING,
    STOPPED,
    STOPPING,
    WINDOW_SECONDS,
    Lifecycle,
)
from mcpgw.policy.rule import MIRROR, Upkeep
from mcpgw.state.status import STATES


def _lifecycle(upkeep: Upkeep | None = None, jitter: float = 0.0) -> Lifecycle:
    return Lifecycle(upkeep or Upkeep(), lambda: jitter)


def test_its_states_are_those_of_the_status_record() -> None:
    assert (STARTING, READY, DEGRADED, BACKOFF, FAILED, STOPPING, STOPPED) == STATES


@pytest.mark.requirement("respawn.mirror")
def test_an_end_before_the_first_handshake_is_the_sessions() -> None:
    life = _lifecycle()
    life.died("exit code 3", 1.0)
    assert (life.state, life.due()) == (STOPPED, None)


@pytest.mark.requirement("respawn.mirror")
def test_mirror_ends_the_session_too() -> None:
    life = _lifecycle(Upkeep(on_crash=MIRROR))
    life.ready(1.0)
    life.died("exit code 3", 2.0)
    assert life.state == STOPPED


@pytest.mark.requirement("respawn.backoff")
@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_the_delays_double_up_to_a_minute(jitter: float) -> None:
    life = _lifecycle(Upkeep(deaths_a_minute=0), jitter)
    life.ready(0.0)
    now, waited = 0.0, []
    for _ in range(9):
        life.died("signal 11", now)
        due = life.due()
        assert due is not None and not life.start(due - 0.001)
        waited.append(due - now)
        now = due
        assert life.start(now)
    assert waited == [seconds * (1 + JITTER * jitter) for seconds in (1, 2, 4, 8, 16, 32, 60, 60, 60)]


@pytest.mark.requirement("respawn.backoff")
def test_who_lived_for_a_minute_starts_over() -> None:
    life = _lifecycle()
    life.ready(0.0)
    for now in (100.0, 200.0, 300.0):
        life.died("signal 11", now)
        assert life.due() == now + 1
        life.start(now + 1)
        life.ready(now + 2)


@pytest.mark.requirement("respawn.floor")
def test_one_that_answers_nothing_is_never_started_in_a_circle() -> None:
    life = _lifecycle(Upkeep(restart_delay_seconds=0, deaths_a_minute=0))
    life.ready(0.0)
    now, waited = 0.0, []
    for serves in (True, True, False, False, False, True, False):
        life.served = serves
        life.died("exit code 1", now)
        due = life.due()
        assert due is not None
        waited.append(due - now)
        now = due
        assert life.start(now) and not life.served
    assert waited == [0, 0, IDLE_DELAY_SECONDS, 2, 4, 0, 8]


@pytest.mark.requirement("respawn.failed")
def test_five_deaths_in_a_minute_are_the_end_until_someone_asks() -> None:
    life = _lifecycle()
    life.ready(0.0)
    for now in (1.0, 10.0, 20.0, 40.0):
        life.died("signal 11", now)
        assert life.state == BACKOFF
        life.start(now + 20)
    life.died("signal 11", 60.9)
    assert (life.state, life.due()) == (FAILED, None)
    assert "5 times within a minute, last by signal 11" in life.reason
    assert not life.restart(100.0)
    assert life.start(100.0)


def test_an_old_death_counts_no_more() -> None:
    life = _lifecycle(Upkeep(deaths_a_minute=2))
    life.ready(0.0)
    life.died("signal 11", 1.0)
    life.start(2.0)
    life.died("signal 11", 1.0 + WINDOW_SECONDS)
    assert life.state == BACKOFF


def test_a_wanted_end_is_no_death() -> None:
    life = _lifecycle(Upkeep(deaths_a_minute=1, on_crash=MIRROR))
    life.ready(0.0)
    assert life.restart(1.0)
    assert life.state == STOPPING
    life.died("signal 15", 1.5)
    assert life.start(1.5)


def test_the_end_of_one_that_fell_silent_is_a_death() -> None:
    life = _lifecycle(Upkeep(deaths_a_minute=1))
    life.ready(0.0)
    life.silent()
    assert (life.state, life.lives) == (STOPPING, True)
    life.died("signal 15", 1.5)
    assert life.state == FAILED


def test_what_never_answered_is_not_restarted() -> None:
    assert not _lifecycle().restart(1.0)


class Machine(RuleBasedStateMachine):
    """Any order of events: the state is known, the delays are bounded, and a failed server stays down by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.life = _lifecycle()
        self.life.ready(0.0)
        self.deaths: list[float] = []
        self.wanted = False

    @rule(seconds=st.floats(0, 90))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        before = self.life.state
        started = self.life.start(self.now)
        assert not started or before == BACKOFF

    @precondition(lambda self: self.life.lives)
    @rule()
    def it_answers(self) -> None:
        self.life.ready(self.now)

    @precondition(lambda self: self.life.lives)
    @rule()
    def it_falls_silent(self) -> None:
        self.life.silent()

    @precondition(lambda self: self.life.lives)
    @rule()
    def it_dies(self) -> None:
        wanted, self.wanted = self.wanted, False
        self.life.died("signal 11", self.now)
        if wanted:
            assert self.life.start(self.now)
            return
        self.deaths = [at for at in self.deaths if self.now - at < WINDOW_SECONDS] + [self.now]
        assert self.life.state == (FAILED if len(self.deaths) >= 5 else BACKOFF)

    @rule()
    def someone_asks_for_a_restart(self) -> None:
        lives = self.wanted = self.life.lives
        assert self.life.restart(self.now) is lives
        self.deaths.clear()
        if not lives:
            assert self.life.start(self.now)

    @invariant()
    def a_wait_has_an_end(self) -> None:
        due = self.life.due()
        assert (due is not None) is (self.life.state == BACKOFF)
        assert due is None or due - self.now <= LONGEST_DELAY_SECONDS * (1 + JITTER)

    @invariant()
    def the_state_is_one_of_the_record(self) -> None:
        assert self.life.state in STATES


TestMachine = Machine.TestCase
