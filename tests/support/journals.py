"""Small real journals for tests."""

import json
from typing import Any

from mcpgw.audit.journal import Journal
from mcpgw.paths import StateLayout

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z
DAY = 86400.0


def body(seq: int, at: float = NOON, **fields: Any) -> bytes:
    """A record's body as the session makes it, with the fields that a test cares about."""
    record = {
        "v": 1,
        "seq": seq,
        "at": at,
        "instance": "i",
        "server": "fs",
        "entry": "claude-code:user:fs",
        "direction": "to_server",
        "type": "request",
        "id": seq,
        "method": "tools/call",
        "tool": "read",
        "decision": "allow",
        "bytes": 100,
        "findings": [],
        **fields,
    }
    return json.dumps(record).encode()[:-1]


def write(journal: Journal, count: int, *, at: float = NOON, **fields: Any) -> None:
    """Appends `count` records, a second apart."""
    for step in range(count):
        journal.append(body(journal.seq, at + step, **fields), now=at + step)


def closed_journal(layout: StateLayout, instance: str, count: int, *, at: float = NOON, **fields: Any) -> str:
    """A whole journal of `count` records; its file, absolute."""
    journal = Journal.open(layout, instance, now=at)
    write(journal, count, at=at, **fields)
    journal.close(at + count)
    return f"{layout.audit_dir}/{journal.file}"
