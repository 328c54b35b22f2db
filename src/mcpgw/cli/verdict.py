"""Is everything protected? Entries, instances and sessions in, one verdict out. Pure, never rosier than the facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mcpgw.state.instance import InstanceStatus

# As long as a dead instance's record is kept: before that, "nobody has started it" is something we know.
REMEMBERED_SECONDS = 7 * 86400
_TROUBLED = frozenset({"degraded", "backoff", "failed"})


class Word(StrEnum):
    """The verdict in one word, for programs."""

    PROTECTED = "protected"
    ACTION_NEEDED = "action-needed"
    PARTLY = "partly-protected"
    UNPROTECTED = "unprotected"
    NO_SERVERS = "no-servers"


class Standing(StrEnum):
    """How an entry stands now."""

    PROTECTED = "protected"  # a live instance serves it
    WAITING = "waiting-for-restart"  # routed in the file, not yet in the client
    UNPROTECTED = "unprotected"  # the client starts it without the gateway
    IDLE = "idle"  # nobody runs it, or the client would not start it


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the registry knows it.

    starts: the client would start it.  installed_at: epoch seconds, None if not known.
    """

    entry: str
    name: str
    client: str
    scope: str
    config_file: str
    routed: bool
    why: str
    starts: bool = True
    installed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A running client process."""

    client: str
    pid: int
    started_at: float


@dataclass(frozen=True, slots=True)
class EntryStatus:
    """An entry, how it stands and why; `live` are its instances, `last` the newest dead one."""

    row: Row
    standing: Standing
    why: str
    live: tuple[InstanceStatus, ...] = ()
    last: InstanceStatus | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict; `others` are live instances of no listed entry, `problems` what a person must mend first."""

    word: Word
    sentence: str
    entries: tuple[EntryStatus, ...]
    others: tuple[InstanceStatus, ...]
    problems: tuple[str, ...]


def judge(
    rows: Sequence[Row],
    instances: Sequence[InstanceStatus],
    sessions: Sequence[Session],
    problems: Sequence[str],
    *,
    now: float,
) -> Verdict:
    """The verdict over everything that is known."""
    entries = tuple(_standing(row, instances, sessions, now) for row in rows)
    listed = {row.entry for row in rows}
    others = tuple(each for each in instances if each.alive and entry_of(each) not in listed)
    word = _word(entries, others, problems)
    return Verdict(word, _sentence(word, entries), entries, others, tuple(problems))


def entry_of(instance: InstanceStatus) -> str:
    """The entry id that an instance serves, "" for an ad hoc or unreadable one."""
    return str(instance.record.identity.get("entry", "")) if instance.record else ""


def _standing(row: Row, instances: Iterable[InstanceStatus], sessions: Iterable[Session], now: float) -> EntryStatus:
    own = [each for each in instances if entry_of(each) == row.entry]
    live = tuple(each for each in own if each.alive)
    last = next((each for each in reversed(own) if not each.alive), None)
    if not row.routed:
        return EntryStatus(row, Standing.UNPROTECTED if row.starts else Standing.IDLE, row.why, live, last)
    older = _older(row, sessions)
    if older:
        pids = ", ".join(str(session.pid) for session in older)
        why = f"restart the client: it was started before the install (pid {pids})"
        return EntryStatus(row, Standing.WAITING, why, live, last)
    if live:
        return EntryStatus(row, Standing.PROTECTED, "", live, last)
    if row.installed_at is not None and now - row.installed_at < REMEMBERED_SECONDS and last is None:
        why = "installed, and not started since: restart the client"
        return EntryStatus(row, Standing.WAITING, why)
    return EntryStatus(row, Standing.IDLE, "no client session runs it now", live, last)


def _older(row: Row, sessions: Iterable[Session]) -> list[Session]:
    installed = row.installed_at
    if installed is None:
        return []
    return [each for each in sessions if each.client == row.client and each.started_at < installed]


def _word(entries: Sequence[EntryStatus], others: Sequence[InstanceStatus], problems: Sequence[str]) -> Word:
    live = [*others, *(each for entry in entries for each in entry.live)]
    troubled = any(each.record is None or each.record.state in _TROUBLED for each in live)
    standings = [entry.standing for entry in entries]
    if problems or troubled or Standing.WAITING in standings:
        return Word.ACTION_NEEDED
    if not entries:
        return Word.NO_SERVERS
    if Standing.UNPROTECTED not in standings:
        return Word.PROTECTED
    return Word.PARTLY if any(entry.row.routed for entry in entries) else Word.UNPROTECTED


_OPENINGS = {
    Word.PROTECTED: "Protected",
    Word.ACTION_NEEDED: "Action needed",
    Word.PARTLY: "Partly protected",
    Word.UNPROTECTED: "Not protected",
    Word.NO_SERVERS: "Nothing to protect: no client lists a server",
}


def _sentence(word: Word, entries: Sequence[EntryStatus]) -> str:
    if not entries:
        return f"{_OPENINGS[word]}."
    counts = ((standing, sum(each.standing is standing for each in entries)) for standing in Standing)
    text = ", ".join(f"{count} {standing.replace('-', ' ')}" for standing, count in counts if count)
    noun = "entry" if len(entries) == 1 else "entries"
    return f"{_OPENINGS[word]}: {len(entries)} {noun}: {text}."
