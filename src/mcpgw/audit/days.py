"""Which journals lie in the audit directory: `YYYY-MM-DD/<instance>.jsonl`; anything else there is not ours."""

from __future__ import annotations

import os

from mcpgw.expressions import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.paths import StateLayout

SUFFIX = ".jsonl"
_DAY = expression(r"\d{4}-\d{2}-\d{2}\Z")


def days(layout: StateLayout) -> list[str]:
    """The day directories, oldest first. Raises OSError if the audit directory cannot be listed; absent is empty."""
    try:
        names = os.listdir(layout.audit_dir)
    except FileNotFoundError:
        return []
    return sorted(name for name in names if _DAY.match(name))


def day_files(layout: StateLayout, day: str) -> list[str]:
    """The journals of one day, by instance (so by the time that it started), relative to the audit directory."""
    try:
        names = os.listdir(f"{layout.audit_dir}/{day}")
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [f"{day}/{name}" for name in sorted(names) if name.endswith(SUFFIX)]


def journal_files(layout: StateLayout) -> list[str]:
    """Every journal, oldest day first."""
    return [file for day in days(layout) for file in day_files(layout, day)]
