"""Whoever lowers protection leaves a line in the journal: what was done, and below which processes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable

import psutil

from mcpgw.audit.journal import Journal
from mcpgw.installers.plan import FilePlan
from mcpgw.installers.shadowing import to_approve
from mcpgw.paths import StateLayout
from mcpgw.policy.rule import ALWAYS
from mcpgw.registry.discover import Discovery

# Enough to show a shell, an editor or an agent above us; a longer chain is a container's or a login's.
MAX_ANCESTORS = 12


def journal_deed(layout: StateLayout, action: str, detail: str, *, now: float) -> None:
    """Appends one chained record of type `action`, and has it on the disk. detail: no secret. Raises OSError."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    instance = f"cli-{stamp}-{os.getpid()}-{os.urandom(2).hex()}"
    journal = Journal.open(layout, instance, now=now)
    journal.settle(ALWAYS)
    try:
        record = {
            "v": 1,
            "seq": journal.seq,
            "at": round(now, 6),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
            "instance": instance,
            "server": "",
            "entry": "",
            "direction": "control",
            "type": "action",
            "id": None,
            "method": action,
            "tool": None,
            "decision": "allow",
            "bytes": 0,
            "reason": detail,
            "ancestry": ancestry(),
            "findings": [],
        }
        journal.append(json.dumps(record).encode()[:-1], now=now)
    finally:
        journal.close(now)


def approvals(plans: Iterable[FilePlan], found: Discovery) -> list[str]:
    """Which shared entries a person approves by agreeing to these plans, and how they are routed."""
    return [f"{each.entry_id} ({each.kind})" for each in to_approve(plans, found)]


def ancestry() -> list[str]:
    """`name(pid)` of this process's ancestors, the nearest first. Names only: a command line may hold a secret."""
    try:
        parents = psutil.Process().parents()[:MAX_ANCESTORS]
    except psutil.Error:
        return []
    return [f"{_name(parent)}({parent.pid})" for parent in parents]


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return "?"
