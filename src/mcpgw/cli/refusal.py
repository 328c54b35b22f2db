"""`mcpgw why REF`: what was refused, redacted or noticed under a REF, from the journals. It changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mcpgw.audit.query import Line, Query, Record, findings_of, latest, read
from mcpgw.audit.record import ACTION
from mcpgw.cli.masking import masked
from mcpgw.cli.units import counted, moment
from mcpgw.errors import NotFound
from mcpgw.gateway.gate import CHANGED, GIVEN_UP, REFUSED, RESTARTED
from mcpgw.gateway.records import TYPE_NAMES
from mcpgw.gateway.refusals import AMBIGUOUS
from mcpgw.gateway.session import CROWDED, PLACEHOLDER, POLICY_MISSING, SCAN_BUDGET
from mcpgw.gateway.withheld import RULE as WITHHELD
from mcpgw.paths import StateLayout
from mcpgw.policy.fingerprint import REF_LENGTH
from mcpgw.protocol.message import Kind
from mcpgw.visible import visible

SCHEMA = "mcpgw.why-ref/1"
SHOWN = 10  # a secret that comes again and again has the same REF each time
PARAMS_CHARS = 200
_REF = re.compile(rf"[A-Z2-7]{{{REF_LENGTH}}}")
_BROKEN = TYPE_NAMES[Kind.BROKEN]
_SERVER_IS_GONE = "`mcpgw why {server}` says how the server ended."
# For a person; nothing here says how a rule is made weaker, as an agent may read it.
_ADVICE = {
    AMBIGUOUS: "Parsers could read the message differently, so nobody got it: report it to whoever made its sender.",
    CROWDED: "The client had asked more than any server answers; it may try again.",
    PLACEHOLDER: "The call would have written the stand-in of a redacted value over the original.",
    POLICY_MISSING: "No policy could be loaded then; `mcpgw config check` says whether it can now.",
    SCAN_BUDGET: "There was more to look at than the scan may take time for.",
    WITHHELD: "The server is not as it was approved: `mcpgw review show {ref}`.",
    GIVEN_UP: _SERVER_IS_GONE,
    RESTARTED: _SERVER_IS_GONE,
    CHANGED: _SERVER_IS_GONE,
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One record under the REF. at: epoch seconds.  severity, pointer, length (bytes), masked preview: of a finding."""

    at: float
    server: str
    entry: str
    instance: str
    direction: str
    type: str
    method: str
    tool: str
    decision: str
    rule: str
    severity: str
    reason: str
    pointer: str
    length: int
    preview: str
    params: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """records: how many bear the REF.  hits: the newest of them, oldest first."""

    ref: str
    rule: str
    records: int
    hits: tuple[Hit, ...]
    advice: tuple[str, ...]


def is_reference(word: str) -> bool:
    return _REF.fullmatch(word.upper()) is not None


def explain(place: StateLayout, ref: str) -> Explanation:
    """All that the journals have under a REF. Raises NotFound, and OSError for a journal that cannot be read."""
    ref = ref.upper()
    numbered = _Counted(read(place, Query(ref=ref)))
    hits = tuple(_hit(line.record, line.at, ref) for line in latest(numbered, SHOWN))
    if not hits:
        raise NotFound(
            f"no server and no record is known as {visible(ref)}",
            "`mcpgw audit list --blocked` shows refusals and their refs, `mcpgw status` the servers.",
        )
    return Explanation(ref, hits[-1].rule, numbered.seen, hits, advise(ref, hits[-1]))


class _Counted:
    """Counts what passes by."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = lines
        self.seen = 0

    def __iter__(self) -> Iterator[Line]:
        for line in self._lines:
            self.seen += 1
            yield line


def advise(ref: str, hit: Hit) -> tuple[str, ...]:
    """What to do about it. Pure."""
    if not hit.severity:
        known = _ADVICE.get(hit.rule)
        return () if known is None else (known.format(ref=ref, server=hit.server),)
    said = [f"`mcpgw rules list` says what the rule {hit.rule} finds. Look at what was found, and where it came from."]
    if hit.decision == "redact":
        said.append(f"The model got [mcpgw:{hit.rule}:{ref}] in its place; the server's data is as it was.")
    return tuple(said)


def shown_params(record: Record) -> str:
    """The recorded params in a line; masked when they were recorded, and once more by the rules of today."""
    params = record.get("params")
    return "" if params is None else masked(json.dumps(params, ensure_ascii=False))[:PARAMS_CHARS]


def _hit(record: Record, at: float, ref: str) -> Hit:
    found: dict[str, Any] = next((each for each in findings_of(record) if each.get("ref") == ref), {})
    length = found.get("length")
    return Hit(
        at=at,
        **{name: str(record.get(name) or "") for name in _PLAIN},
        rule=str(found.get("rule") or _rule(record)),
        **{name: str(found.get(name) or "") for name in ("severity", "pointer", "preview")},
        length=length if isinstance(length, int) else 0,
        params=shown_params(record),
    )


_PLAIN = ("server", "entry", "instance", "direction", "type", "method", "tool", "decision", "reason")


def _rule(record: Record) -> str:
    """What a refusal without a finding was for."""
    kind, reason = record.get("type"), str(record.get("reason") or "")
    if kind == _BROKEN:
        return AMBIGUOUS
    if kind != ACTION:
        return reason
    return reason.rpartition(": ")[2] if record.get("method") == REFUSED else str(record.get("method") or "")


def text(report: Explanation) -> str:
    newest = report.hits[-1]
    severity = f" ({newest.severity})" if newest.severity else ""
    lines = [f"{report.ref}: {newest.decision} by {report.rule}{severity}, {counted(report.records, 'record')}"]
    lines += [f"  {newest.reason}"] if newest.reason not in ("", newest.rule) else []
    if newest.pointer:
        lines.append(f"  found at {newest.pointer}: {counted(newest.length, 'byte')}, {newest.preview}")
    lines += [f"  {each}" for each in report.advice]
    return "\n".join(map(visible, [*lines, "", "Records:", *map(_line, report.hits)]))


def _line(hit: Hit) -> str:
    way = {"to_server": "->", "to_client": "<-"}.get(hit.direction, "--")
    what = " ".join(filter(None, (hit.type, hit.method, hit.tool)))
    return f"  {moment(hit.at)}  {hit.server}  {way}  {what}  {hit.decision}  {hit.params}".rstrip()
