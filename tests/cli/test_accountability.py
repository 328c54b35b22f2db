"""Weakening deeds are in the journal, chained, with their ancestry and without command lines."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mcpgw.audit.query import Record
from mcpgw.audit.tally import Tally
from mcpgw.audit.verify import verify
from mcpgw.cli.accountability import ancestry, journal_deed
from mcpgw.paths import StateLayout


def _records(layout: StateLayout) -> list[Record]:
    files = Path(layout.audit_dir).glob("*/cli-*.jsonl")
    return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]


@pytest.mark.requirement("audit.weakening")
def test_a_deed_is_a_chained_record_with_its_ancestry(tmp_path: Path) -> None:
    layout = StateLayout(str(tmp_path))
    journal_deed(layout, "uninstall", "2 servers off", now=1_800_000_000.5)
    (record,) = _records(layout)
    assert (record["type"], record["method"], record["reason"]) == ("action", "uninstall", "2 servers off")
    assert record["ancestry"] == ancestry()
    assert verify(layout).intact


def test_ancestry_begins_with_the_parent() -> None:
    nearest = ancestry()[0]
    assert nearest.endswith(f"({os.getppid()})")


def test_metrics_count_messages_not_deeds(tmp_path: Path) -> None:
    layout = StateLayout(str(tmp_path))
    journal_deed(layout, "uninstall", "1 server off", now=1_800_000_000.5)
    tally = Tally()
    tally.add(_records(layout)[0])
    assert tally.records == 0
