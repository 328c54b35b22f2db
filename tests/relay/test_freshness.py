"""The policy in force is the one that `policy/current` names; a broken one leaves the last good one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from mcpgw.audit.diagnostics import Diagnostics
from mcpgw.config.compile import compile_policy
from mcpgw.paths import StateLayout
from mcpgw.relay.freshness import PolicyWatch


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    found = StateLayout(str(tmp_path / "s"))
    compile_policy(found)
    return found


def _watch(layout: StateLayout, **options: tuple[str, ...]) -> PolicyWatch:
    return PolicyWatch(layout, None, "x", Diagnostics(layout, "t", stderr_level="off"), **options)


def test_a_new_snapshot_is_loaded_once(layout: StateLayout) -> None:
    watch = _watch(layout)
    assert watch.check(0.0)
    assert not watch.check(0.1)
    Path(layout.config_file).write_text('profile = "strict"\n')
    compile_policy(layout)
    assert watch.check(0.2)
    assert watch.snapshot is not None
    assert watch.snapshot.policy.profile == "strict"


def test_a_policy_directory_that_was_swapped_is_seen_within_a_second(layout: StateLayout) -> None:
    watch = _watch(layout)
    watch.check(0.0)
    Path(layout.policy_dir).rename(f"{layout.policy_dir}.aside")
    Path(layout.config_file).write_text('profile = "strict"\n')
    compile_policy(layout)
    watch.check(0.5)
    watch.check(1.5)
    assert watch.snapshot is not None
    assert watch.snapshot.policy.profile == "strict"


def test_looking_again_and_again_costs_no_descriptors(layout: StateLayout) -> None:
    watch = _watch(layout)
    watch.check(0.0)
    before = len(os.listdir("/proc/self/fd"))
    for second in range(1, 20):
        watch.check(second * 1.1)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.requirement("config.last-good")
def test_an_unusable_snapshot_leaves_the_last_one_in_force(layout: StateLayout) -> None:
    watch = _watch(layout)
    watch.check(0.0)
    before = watch.snapshot
    Path(layout.policy_current).unlink()
    assert not watch.check(0.1)
    Path(layout.policy_current).write_text("ab\n")
    assert not watch.check(0.2)
    assert watch.snapshot is before


def test_a_changed_source_asks_for_a_compile_once(layout: StateLayout, tmp_path: Path) -> None:
    note = tmp_path / "asked"
    script = tmp_path / "compiler"
    script.write_text(f'#!/bin/sh\necho "$@" >> {note}\n')
    script.chmod(0o755)
    watch = _watch(layout, cold=(str(script),))
    watch.check(0.0)
    assert not note.exists()
    Path(layout.config_file).write_text("# changed\n")
    until, reading = time.monotonic() + 20, 0.0
    while not (note.exists() and note.read_text()) and time.monotonic() < until:
        watch.check(reading := reading + 2.0)
        os.sched_yield()
    for later in range(20):
        watch.check(reading + 2.0 * later)
    assert note.read_text() == f"mcpgw.config.compile {layout.root}\n"


def test_a_missing_compiler_is_said_and_nothing_ends(layout: StateLayout) -> None:
    watch = _watch(layout, cold=("/nowhere/python",))
    watch.check(0.0)
    Path(layout.config_file).write_text("# changed\n")
    watch.check(5.0)
    assert watch.snapshot is not None
    assert "compiler-missing" in "".join(path.read_text() for path in Path(layout.log_dir).iterdir())
