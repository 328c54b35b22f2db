"""Diagnostics are read back by level and time, and followed."""

from pathlib import Path

import pytest

from mcpgw.audit.diagnostics import Diagnostics
from mcpgw.audit.events import Wanted, follow_events, log_ends, read_events
from mcpgw.paths import StateLayout
from support.journals import DAY, NOON


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path))


def log(layout: StateLayout, level: str, event: str, at: float = NOON) -> None:
    diagnostics = Diagnostics(layout, "t", stderr_level="off", file_level="debug", clock=lambda: at)
    getattr(diagnostics, level)(event)
    diagnostics.close()


def events(layout: StateLayout, wanted: Wanted) -> list[str]:
    return [event["event"] for event in read_events(layout, wanted, log_ends(layout))]


def test_no_log_is_no_event(layout: StateLayout) -> None:
    assert events(layout, Wanted()) == []


def test_level_and_time_choose(layout: StateLayout) -> None:
    log(layout, "debug", "one")
    log(layout, "error", "two")
    log(layout, "warning", "three", NOON + DAY)
    assert events(layout, Wanted()) == ["one", "two", "three"]
    assert events(layout, Wanted("warning")) == ["two", "three"]
    assert events(layout, Wanted(since=NOON + 1)) == ["three"]


def test_what_is_no_event_is_passed_over(layout: StateLayout) -> None:
    log(layout, "info", "one")
    path = Path(layout.log_dir, "2026-01-01.jsonl")
    path.write_bytes(b"oops\n3\n" + path.read_bytes() + b'{"event":"half')
    assert events(layout, Wanted()) == ["one"]


def test_following_shows_what_is_added(layout: StateLayout) -> None:
    log(layout, "info", "before")
    ends = log_ends(layout)
    steps = iter(["info", "error"])

    def wait() -> bool:
        level = next(steps, None)
        if level:
            log(layout, level, f"new-{level}", NOON + DAY)
        return level is not None

    followed = follow_events(layout, Wanted(), ends, wait)
    assert [event["event"] for event in followed] == ["new-info", "new-error"]
    assert [event["event"] for event in read_events(layout, Wanted(), ends)] == ["before"]
