"""Only day directories and their journals are ours."""

from pathlib import Path

from mcpgw.audit.days import day_files, days, journal_files
from mcpgw.paths import StateLayout


def test_no_audit_directory_is_no_journal(tmp_path: Path) -> None:
    assert journal_files(StateLayout(str(tmp_path))) == []


def test_days_come_in_order_and_foreign_names_are_passed_over(tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    for name in ("2026-01-02", "2026-01-01", "backup", "2026-01-03.old"):
        (audit / name).mkdir(parents=True)
    (audit / "2026-01-01" / "b.jsonl").touch()
    (audit / "2026-01-01" / "a.jsonl").touch()
    (audit / "2026-01-01" / "a.jsonl.swp").touch()
    layout = StateLayout(str(tmp_path))
    assert days(layout) == ["2026-01-01", "2026-01-02"]
    assert journal_files(layout) == ["2026-01-01/a.jsonl", "2026-01-01/b.jsonl"]
    assert day_files(layout, "2030-01-01") == []
