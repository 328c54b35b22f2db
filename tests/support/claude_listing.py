"""What `claude mcp list` and `mcpgw list` say of the same directory, in one form."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import Any

# A name may hold a colon only where a plugin brings the server.
_LINE = re.compile(r"^((?:plugin:[^:]+:)?[^:]+): .* - (✔ Connected|✘ Failed|⏸ Pending|⊘ Disabled|!)")
_STATES = {"✔": "started", "✘": "started", "!": "started", "⏸": "pending", "⊘": "off"}
# The client does not show what it does not load at all.
_NOT_SHOWN = {"hidden", "denied", "overruled", "invalid"}


@dataclass(frozen=True, slots=True)
class Listed:
    """Names of servers by what becomes of them. off: switched off; the gateway's list names rejected ones too."""

    started: frozenset[str]
    pending: frozenset[str]
    off: frozenset[str]

    def agrees_with(self, client: Listed) -> bool:
        return (self.started, self.pending) == (client.started, client.pending) and client.off <= self.off


def listed_by_client(done: subprocess.CompletedProcess[str]) -> Listed:
    assert done.returncode == 0, done.stderr
    found = [(match[1], _STATES[match[2][0]]) for line in done.stdout.splitlines() if (match := _LINE.match(line))]
    return _listed(found)


def listed_by_gateway(payload: dict[str, Any]) -> Listed:
    """Subagents' own servers are left out: the client lists none."""
    shown = [each for each in payload["servers"] if each["scope"] != "agent" and each["reason"] not in _NOT_SHOWN]
    states = {"disabled": "off", "pending": "pending"}
    return _listed([(each["name"], states.get(each["reason"], "started")) for each in shown])


def _listed(found: list[tuple[str, str]]) -> Listed:
    named = {state: frozenset(name for name, its in found if its == state) for state in ("started", "pending", "off")}
    return Listed(**named)
