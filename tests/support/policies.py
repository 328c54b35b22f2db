"""State directories with policy files, for tests of what reads them."""

from pathlib import Path

from mcpgw.paths import StateLayout
from mcpgw.registry.ledger import LedgerEntry, Step, append, done_record, plan_record

PACK_RULE = """\
[[rule]]
id = "{id}"
description = "A ticket number"
category = "internal"
severity = "low"
action = "{action}"
pattern = '{pattern}'
keywords = ["ticket-"]
max_length = 20
{more}
"""


def write_files(root: Path, files: dict[str, str]) -> StateLayout:
    """A state directory with these files, by name below it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return StateLayout(str(root))


def pack_text(rule: str = "ticket", *, action: str = "alert", pattern: str = "TICKET-[0-9]{4}", more: str = "") -> str:
    """A pack of one rule; `more` is further TOML of that rule."""
    return PACK_RULE.format(id=rule, action=action, pattern=pattern, more=more)


def entry(name: str, *, client: str = "claude-code", scope: str = "user", project: str | None = None) -> LedgerEntry:
    """An installed server."""
    place = "" if project is None else "@0123abcd"
    return LedgerEntry(f"{client}:{scope}{place}:{name}", name, client, scope, project, "/home/ada/.claude.json")


def install_entries(layout: StateLayout, *entries: LedgerEntry) -> None:
    """Writes a ledger as if these entries had been routed."""
    step = Step(1, "/home/ada/.claude.json", "/home/ada/.claude.json", "0" * 64, "1" * 64, (), entries)
    append(layout, plan_record(step, at=0.0), done_record(step, at=0.0))
