import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from mcpgw.errors import ConfigFault, EnvironmentFault
from mcpgw.paths import StateLayout
from mcpgw.registry.entry import wrap
from mcpgw.registry.ledger import (
    LedgerEntry,
    Replaced,
    Step,
    append,
    choice_record,
    done_record,
    entries,
    install_record,
    plan_record,
    read_ledger,
    undone_record,
    uninstall_record,
)

FS = LedgerEntry("claude-code:user:fs", "fs", "claude-code", "user", None, "/h/.claude.json")
SHADOW = replace(FS, before=("npx", None), after=("/s/bin/mcpgw", ("run", "x")), origin="/app/.mcp.json")
DB = LedgerEntry("claude-code:local@00000000:db", "db", "claude-code", "local", "/app", "/h/.claude.json")
NEWER = frozenset({"before", "after", "origin", "digest", "container"})


def step(number=1, *held):
    return Step(number, "/h/.claude.json", "/h/.claude.json", "aa", f"b{number}", (Replaced(1, 2, '"\xff'),), held)


@pytest.fixture
def layout(tmp_path):
    return StateLayout(str(tmp_path / "state"))


def test_no_ledger_is_an_empty_one(layout):
    assert read_ledger(layout).installed == ()
    assert not os.path.exists(layout.root)


def test_what_is_appended_is_read_back(layout):
    append(layout, plan_record(step(1, FS, DB), at=1.0), done_record(step(1), at=2.0))
    ledger = read_ledger(layout)
    assert ledger.steps == (step(1, FS, DB),)
    assert ledger.open_steps == frozenset()
    assert entries(layout) == (FS, DB)
    assert ledger.next_number == 2
    assert ledger.files() == ("/h/.claude.json",)


def test_the_ledger_is_private(layout):
    append(layout, install_record([], at=1.0))
    assert stat.S_IMODE(os.stat(layout.ledger_file).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(layout.root).st_mode) == 0o700


def test_a_plan_without_done_is_open_and_counts_as_routed(layout):
    append(layout, plan_record(step(1, FS), at=1.0))
    ledger = read_ledger(layout)
    assert ledger.open_steps == {1}
    assert ledger.installed == (FS,)


def test_an_undone_plan_never_was(layout):
    append(
        layout, plan_record(step(1, FS), at=1.0), plan_record(step(2, FS, DB), at=2.0), undone_record(step(2), at=3.0)
    )
    ledger = read_ledger(layout)
    assert ledger.installed == (FS,)
    assert [each.number for each in ledger.steps] == [1]
    assert ledger.next_number == 3


def test_an_undone_plan_gives_back_what_it_replaced(layout):
    append(layout, plan_record(step(1, FS), at=1.0), done_record(step(1), at=1.0))
    append(layout, plan_record(step(2, SHADOW), at=2.0), undone_record(step(2), at=3.0))
    assert entries(layout) == (FS,)


def test_an_entry_says_what_it_was_what_it_is_and_where_it_comes_from(layout):
    append(layout, plan_record(step(1, SHADOW), at=1.0))
    assert read_ledger(layout).installed == (SHADOW,)


def test_to_its_gateway_a_shadow_is_the_shared_entry_that_it_stands_before(layout):
    args = wrap("claude-code:project@12345678:fs", "npx", (), shadow=True)
    append(layout, plan_record(step(1, replace(SHADOW, scope="local", after=("/s/bin/mcpgw", args))), at=1.0))
    (seen,) = entries(layout)
    assert (seen.entry_id, seen.scope, seen.config_file) == (
        "claude-code:project@12345678:fs",
        "project",
        "/app/.mcp.json",
    )


def test_a_ledger_older_than_these_fields_is_read(layout):
    record = plan_record(step(1, FS), at=1.0)
    del record["gone"]
    record["entries"] = [{key: each[key] for key in each if key not in NEWER} for each in record["entries"]]
    append(layout, record)
    assert entries(layout) == (FS,)


def test_entries_that_a_plan_takes_off_are_routed_until_it_is_done(layout):
    taking_off = replace(step(2), gone=(FS.entry_id,))
    append(layout, plan_record(step(1, FS, DB), at=1.0), done_record(step(1), at=1.0), plan_record(taking_off, at=2.0))
    assert entries(layout) == (FS, DB)
    append(layout, done_record(taking_off, at=3.0))
    assert entries(layout) == (DB,)


def test_the_last_choice_holds(layout):
    assert read_ledger(layout).opted_out == frozenset()
    append(layout, choice_record(opted_out=["b", "a"], at=1.0), choice_record(opted_out=["a"], at=2.0))
    assert read_ledger(layout).opted_out == {"a"}


@pytest.mark.parametrize(
    "record",
    [
        plan_record(step(1, SHADOW), at=1.0),
        done_record(step(), at=1.0),
        undone_record(step(), at=1.0),
        install_record((), at=1.0),
        choice_record(opted_out=(), at=1.0),
        uninstall_record("/f", (), at=1.0),
    ],
    ids=lambda record: record["kind"],
)
def test_every_kind_is_documented(record):
    page = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"
    section = page.read_text("utf-8").partition("\n## Ledger\n")[2].partition("\n## ")[0]
    assert f"`{record['kind']}`" in section


def test_uninstalled_entries_are_gone(layout):
    append(layout, plan_record(step(1, FS, DB), at=1.0), uninstall_record("/h/.claude.json", [FS.entry_id], at=2.0))
    assert entries(layout) == (DB,)


def test_the_last_install_says_what_it_saw(layout):
    append(layout, install_record(["b", "a"], at=1.0), install_record(["c"], at=2.0))
    assert read_ledger(layout).seen == {"c"}


def test_the_step_to_a_hash_is_the_latest(layout):
    append(layout, plan_record(step(1, FS), at=1.0), plan_record(step(2, FS), at=1.0))
    ledger = read_ledger(layout)
    assert ledger.step_to("/h/.claude.json", "b2") == step(2, FS)
    assert ledger.step_to("/h/.claude.json", "zz") is None
    assert ledger.step_to("/other", "b2") is None


@pytest.mark.parametrize("tail", [b'{"v": 1, "kind": "pl', b"\xff\xfe", b"[]\n", b"\n"])
def test_a_torn_line_is_passed_over_and_not_joined(layout, tail):
    append(layout, plan_record(step(1, FS), at=1.0))
    with open(layout.ledger_file, "ab") as file:
        file.write(tail)
    append(layout, done_record(step(1), at=2.0))
    assert read_ledger(layout).open_steps == frozenset()


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"v": 1, "kind": "plan"}',
        '{"v": 1, "kind": "done"}',
        '{"v": 1, "kind": "install", "seen": 5}',
        '{"v": 1, "kind": "choice", "opted_out": [[]]}',
        '{"v": 1, "kind": "uninstall", "file": [], "entries": ["x"]}',
        "[" * 100_000,
    ],
)
def test_a_line_of_somebody_else_is_passed_over(layout, line):
    append(layout, plan_record(step(1, FS), at=1.0))
    with open(layout.ledger_file, "a") as file:
        file.write(line + "\n")
    append(layout, done_record(step(1), at=2.0))
    ledger = read_ledger(layout)
    assert (ledger.installed, ledger.open_steps) == ((FS,), frozenset())


def test_a_newer_format_is_refused(layout):
    append(layout, install_record([], at=1.0))
    with open(layout.ledger_file, "a") as file:
        file.write(json.dumps({"v": 2, "kind": "plan"}) + "\n")
    with pytest.raises(ConfigFault, match="newer mcpgw"):
        read_ledger(layout)


def test_a_ledger_that_cannot_be_written_is_an_environment_fault(layout):
    os.mkdir(layout.root)
    os.mkdir(layout.ledger_file)
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        append(layout, install_record([], at=1.0))
    with pytest.raises(EnvironmentFault, match="cannot be read"):
        read_ledger(layout)
