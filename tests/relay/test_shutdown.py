"""Who is told to stop, and when: readings of a clock in, signals out."""

from __future__ import annotations

import signal

from mcpgw.relay.shutdown import (
    ABANDONED_SECONDS,
    DRAIN_SECONDS,
    EOF_GRACE_SECONDS,
    FLUSH_SECONDS,
    SIGNAL_GRACE_SECONDS,
    SILENCE_SECONDS,
    TERM_GRACE_SECONDS,
    Shutdown,
)


def test_nothing_is_due_while_the_session_lives() -> None:
    shutdown = Shutdown()
    assert not shutdown.under_way
    assert shutdown.deadline() is None
    assert shutdown.due_signal(1e9) is None


def test_after_a_signal_the_server_is_killed_in_time() -> None:
    shutdown = Shutdown()
    shutdown.signalled(signal.SIGINT, 10.0)
    shutdown.signalled(signal.SIGTERM, 10.1)
    assert shutdown.first_signal == signal.SIGINT
    assert shutdown.deadline() == 10.0 + SIGNAL_GRACE_SECONDS
    assert SIGNAL_GRACE_SECONDS < 0.5  # the client's own SIGKILL
    assert shutdown.due_signal(10.2) is None
    assert shutdown.due_signal(10.0 + SIGNAL_GRACE_SECONDS) == signal.SIGKILL


def test_after_the_end_of_input_it_is_asked_then_killed() -> None:
    shutdown = Shutdown()
    shutdown.input_closed(10.0)
    assert shutdown.due_signal(11.0) is None
    assert shutdown.due_signal(10.0 + EOF_GRACE_SECONDS) == signal.SIGTERM
    assert shutdown.due_signal(10.1 + EOF_GRACE_SECONDS) is None
    late = 10.0 + EOF_GRACE_SECONDS + TERM_GRACE_SECONDS
    assert shutdown.deadline() == late
    assert shutdown.due_signal(late) == signal.SIGKILL


def test_with_the_client_gone_all_is_over_within_a_second() -> None:
    shutdown = Shutdown()
    shutdown.abandoned(10.0)
    shutdown.abandoned(10.3)
    assert shutdown.deadline() == 10.0 + ABANDONED_SECONDS / 2
    assert shutdown.due_signal(10.0 + ABANDONED_SECONDS / 2) == signal.SIGTERM
    assert shutdown.deadline() == 10.0 + ABANDONED_SECONDS < 11
    assert shutdown.due_signal(10.0 + ABANDONED_SECONDS) == signal.SIGKILL


def test_a_client_that_goes_late_gives_nobody_more_time() -> None:
    shutdown = Shutdown()
    shutdown.input_closed(10.0)
    assert shutdown.due_signal(10.0 + EOF_GRACE_SECONDS) == signal.SIGTERM
    shutdown.abandoned(12.0)
    assert shutdown.due_signal(12.0 + ABANDONED_SECONDS) == signal.SIGKILL
    shutdown.abandoned(99.0)
    assert shutdown.deadline() == 12.0 + ABANDONED_SECONDS


def test_a_closed_output_is_told_once_unless_the_server_ends_in_time() -> None:
    shutdown = Shutdown()
    shutdown.input_closed(10.0)
    shutdown.output_closed(10.0)
    shutdown.output_closed(10.2)
    assert shutdown.deadline() == 10.0 + SILENCE_SECONDS
    assert not shutdown.due_silence(10.1)
    assert shutdown.due_silence(10.0 + SILENCE_SECONDS) and not shutdown.due_silence(99.0)
    assert shutdown.deadline() == 10.0 + EOF_GRACE_SECONDS
    ended = Shutdown()
    ended.output_closed(10.0)
    ended.server_ended(10.1)
    assert not ended.due_silence(99.0)


def test_an_ended_server_gets_no_signal_and_is_drained_for_a_moment() -> None:
    shutdown = Shutdown()
    shutdown.input_closed(10.0)
    shutdown.server_ended(10.5)
    assert shutdown.due_signal(99.0) is None
    assert not shutdown.drained(10.5)
    assert shutdown.deadline() == 10.5 + DRAIN_SECONDS and shutdown.drained(10.5 + DRAIN_SECONDS)


def test_after_a_signal_there_is_no_more_time_to_drain_than_the_client_gives() -> None:
    shutdown = Shutdown()
    shutdown.signalled(signal.SIGINT, 10.1)
    shutdown.server_ended(10.5)
    assert shutdown.deadline() == 10.1 + SIGNAL_GRACE_SECONDS  # the next thing to do, so that nothing is polled for
    assert not shutdown.drained(10.5) and shutdown.drained(10.1 + SIGNAL_GRACE_SECONDS)


def test_a_client_that_reads_slowly_gets_time_unless_it_has_signalled() -> None:
    shutdown = Shutdown()
    assert shutdown.flush_until(10.0) == 10.0 + FLUSH_SECONDS
    shutdown.signalled(signal.SIGTERM, 10.0)
    assert shutdown.flush_until(10.2) == 10.0 + SIGNAL_GRACE_SECONDS
