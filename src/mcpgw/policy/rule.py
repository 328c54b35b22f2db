"""What a compiled policy says for one entry: plain values, read from the snapshot, never validated again."""

from __future__ import annotations

from enum import IntEnum

from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Action(IntEnum):
    """What is done about a finding, the gravest last."""

    ALLOW = 0
    LOG = 1
    ALERT = 2
    REDACT = 3
    BLOCK = 4

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = ("allow", "log", "alert", "redact", "block")
_ACTIONS = {label: Action(value) for value, label in enumerate(_LABELS)}


class Flow(IntEnum):
    """What a frame carries and to whom; each flow has its own action for a rule."""

    TO_SERVER = 0
    TO_CLIENT = 1
    METADATA = 2


OBSERVE = "observe"
RESTART, MIRROR = "restart", "mirror"
NEVER, GROUP, ALWAYS = "never", "group", "always"
HANDSHAKE_SECONDS = 30  # shorter than any client waits for it


class Upkeep(NamedTuple):
    """How one server is kept up.

    on_crash: RESTART or MIRROR.  stateless: nobody needs to hear that its memory is gone.
    restart_delay_seconds: before the first new start, twice as long before each next one.
    deaths_a_minute: with so many it is given up; 0: never.
    timeouts: method -> seconds until the gateway answers in the server's place.  progress_extends: and each sign of
    progress gives it that time anew.
    """

    on_crash: str = RESTART
    stateless: bool = False
    restart_delay_seconds: int = 1
    deaths_a_minute: int = 5
    progress_extends: bool = False
    timeouts: Mapping[str, int] = {"initialize": HANDSHAKE_SECONDS}


class Policy(NamedTuple):
    """The merged policy of one entry.

    actions: rule id -> action per Flow.  malformed_text: "refuse" or "repair".  record: "metadata", "params" or "full".
    audit_on_failure: "block" or "allow", for calls that cannot be recorded.  upkeep: of the server itself.
    audit_fsync: NEVER, GROUP or ALWAYS: when a record is brought to the disk.
    """

    profile: str
    actions: Mapping[str, tuple[Action, Action, Action]]
    severities: Mapping[str, str]
    malformed_text: str
    max_frame_bytes: int
    max_depth: int
    record: str
    audit_on_failure: str
    max_value_chars: int
    max_params_bytes: int
    upkeep: Upkeep = Upkeep()
    audit_fsync: str = NEVER

    @property
    def enforces(self) -> bool:
        """Whether anything may be stopped at all."""
        return self.profile != OBSERVE


def from_plain(plain: Mapping[str, Any]) -> Policy:
    """A Policy from the snapshot's mapping. Raises KeyError or ValueError for one of another form."""
    audit, frames = plain["audit"], plain["frames"]
    return Policy(
        profile=plain["profile"],
        actions={rule: _row(row) for rule, row in plain["rules"].items()},
        severities={rule: row[3] for rule, row in plain["rules"].items()},
        malformed_text=plain["malformed_text"],
        max_frame_bytes=int(frames["max_bytes"]),
        max_depth=int(frames["max_depth"]),
        record=audit["record"],
        audit_on_failure=audit["on_failure"],
        max_value_chars=int(audit["max_value_chars"]),
        max_params_bytes=int(audit["max_params_bytes"]),
        upkeep=_upkeep(plain),
        audit_fsync=str(audit.get("fsync", NEVER)),  # a snapshot of an older version has none
    )


def _upkeep(plain: Mapping[str, Any]) -> Upkeep:
    """The defaults where a snapshot of an older version says nothing."""
    given = plain.get("server", {})
    timeouts = {str(method): int(seconds) for method, seconds in plain.get("timeouts", Upkeep().timeouts).items()}
    return Upkeep(
        on_crash=str(given.get("on_crash", RESTART)),
        stateless=bool(given.get("stateless", False)),
        restart_delay_seconds=int(given.get("restart_delay_seconds", Upkeep().restart_delay_seconds)),
        deaths_a_minute=int(given.get("deaths_a_minute", Upkeep().deaths_a_minute)),
        progress_extends=bool(given.get("progress_extends", False)),
        timeouts={method: seconds for method, seconds in timeouts.items() if seconds},
    )


def _row(row: list[str | None]) -> tuple[Action, Action, Action]:
    to_server, to_client, metadata = (Action.ALLOW if label is None else _ACTIONS[label] for label in row[:3])
    return to_server, to_client, metadata
