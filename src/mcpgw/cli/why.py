"""`mcpgw why SERVER`: a post-mortem from what the instance left: status record, stderr, journal. It changes nothing.

What stands for a refusal, and no server, is `refusal`'s to explain.
"""

from __future__ import annotations

import re
import signal
import time
from dataclasses import asdict, dataclass

import click

from mcpgw.audit.query import Line, Query, latest, read
from mcpgw.cli import refusal
from mcpgw.cli.instances import instances_of, is_known, server_of
from mcpgw.cli.masking import masked
from mcpgw.cli.output import emit, json_option
from mcpgw.cli.places import layout
from mcpgw.cli.units import duration, moment
from mcpgw.cli.verdict import entry_of
from mcpgw.files import read_bytes
from mcpgw.paths import StateLayout
from mcpgw.state.instance import InstanceStatus
from mcpgw.visible import visible

SCHEMA = "mcpgw.why/1"
STDERR_LINES = 20
FRAMES = 10
EVENTS = 20
_HOW = re.compile(r"(exit code|signal) (\d+)")
# The frames that a person asks about are the last before the end, whatever came of them.
_CONTROL = "control"
_FRAME_KEYS = ("direction", "type", "method", "tool", "decision")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the server. at: epoch seconds."""

    at: float
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One of the last messages, as the journal has it: masked and cut."""

    at: float
    direction: str
    type: str
    method: str
    tool: str
    decision: str
    bytes: int
    params: str


@dataclass(frozen=True, slots=True)
class PostMortem:
    """Everything that is known of one instance's server. ended: "exit code 1", or "" where it has not."""

    server: str
    entry: str
    instance: str
    running: bool
    state: str
    reason: str
    started_at: float
    restarts: int
    ended: str
    stderr: tuple[str, ...]
    frames: tuple[Frame, ...]
    timeline: tuple[Event, ...]
    advice: tuple[str, ...]


@click.command("why")
@click.argument("subject", metavar="SERVER|REF")
@json_option
def command(subject: str, as_json: bool) -> None:
    """Why a server is down, or was; or what refused a message, by the REF in its answer."""
    place = layout()
    if refusal.is_reference(subject) and not is_known(place, subject):
        explanation = refusal.explain(place, subject)
        emit(refusal.SCHEMA, asdict(explanation), as_json, lambda: refusal.text(explanation))
        return
    found = instances_of(place, subject)
    report = post_mortem(place, next((each for each in reversed(found) if each.alive), found[-1]))
    emit(SCHEMA, asdict(report), as_json, lambda: _text(report, time.time()))


def post_mortem(place: StateLayout, instance: InstanceStatus) -> PostMortem:
    """What the instance left. Raises OSError for a journal that cannot be read."""
    record = instance.record
    started = record.started_at if record else 0.0
    lines = [*read(place, Query(since=started, instance=instance.id))]
    timeline = tuple(_event(each) for each in latest((each for each in lines if _is_deed(each)), EVENTS))
    state, reason = (record.state, record.reason) if record else ("unknown", instance.problem)
    ended = _ended(timeline, reason)
    return PostMortem(
        server=server_of(instance),
        entry=entry_of(instance),
        instance=instance.id,
        running=instance.alive,
        state=state if instance.alive or state in ("failed", "stopped") else "killed",
        reason=reason,
        started_at=started,
        restarts=record.counters["restarts"] if record else 0,
        ended=ended,
        stderr=_stderr(place, instance.id),
        frames=tuple(_frame(each) for each in latest((each for each in lines if not _is_deed(each)), FRAMES)),
        timeline=timeline,
        advice=advise(ended, state, reason, alive=instance.alive),
    )


def advise(ended: str, state: str, reason: str, *, alive: bool) -> tuple[str, ...]:
    """What to do, most likely cause first. Pure."""
    said = list(_by_ending(ended))
    if state == "failed" and alive and "not started" not in reason:
        said.append("When the cause is mended, `mcpgw restart SERVER` starts it again; the client's session goes on.")
    if state == "degraded" and "differs from the first" in reason:
        said.append("It came back as another server. If you did not upgrade it, look at it before you go on.")
    if state == "backoff":
        said.append("It is started again by itself; calls wait for it.")
    if not alive and state not in ("stopped", "failed"):
        said.append("The gateway itself was killed, so its session ended: restart the client's session.")
    return tuple(said)


def _by_ending(ended: str) -> tuple[str, ...]:
    found = _HOW.search(ended)
    if found is None:
        return ()
    number = int(found[2])
    if found[1] == "signal":
        name = signal.Signals(number).name if number in {*signal.Signals} else str(number)
        if number == signal.SIGKILL:
            return ("Something killed it (SIGKILL): often the kernel, for want of memory. The system's log says so.",)
        if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            return (f"Something asked it to end ({name}): a person, a script, or the end of a login.",)
        return (
            f"It crashed ({name}): a fault of the server or a library of it. Report it there, with its last words.",
        )
    if number == 0:
        return ("It ended by itself without an error; some servers do so when idle.",)
    if number in (126, 127):
        return ("A program that it needs was not found or cannot be executed; its last words name it.",)
    return (f"It ended with an error of its own (exit code {number}); its last words often say which.",)


def _is_deed(line: Line) -> bool:
    return line.record.get("direction") == _CONTROL


def _event(line: Line) -> Event:
    return Event(line.at, str(line.record.get("method") or ""), str(line.record.get("reason") or ""))


def _frame(line: Line) -> Frame:
    direction, kind, method, tool, decision = (str(line.record.get(key) or "") for key in _FRAME_KEYS)
    size = line.record.get("bytes")
    said = refusal.shown_params(line.record)
    return Frame(line.at, direction, kind, method, tool, decision, size if isinstance(size, int) else 0, said)


def _ended(timeline: tuple[Event, ...], reason: str) -> str:
    """How the server ended last, in the words of the journal, or of the status record where nothing was journaled."""
    endings = [each.reason for each in timeline if each.what == "server/ended"]
    found = _HOW.search(reason)
    return endings[-1] if endings else found[0] if found else ""


def _stderr(place: StateLayout, instance: str) -> tuple[str, ...]:
    """The last lines; masked when they were kept, and once more by the rules of today."""
    try:
        kept = read_bytes(place.stderr_file(instance)).decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(masked(kept).split("\n")[-STDERR_LINES - 1 :]) if kept.strip() else ()


def _text(report: PostMortem, now: float) -> str:
    head = f"{report.server}: {report.state}" + (f", {report.reason}" if report.reason else "")
    ago = duration(now - report.started_at) if report.started_at else "?"
    lines = [head, f"  session {report.instance}, started {ago} ago, {report.restarts} restarts"]
    lines += [f"  the server ended last by: {report.ended}"] if report.ended else []
    lines += _section("What to do", [f"  {each}" for each in report.advice])
    lines += _section("Last words (stderr)", [f"  | {each}" for each in report.stderr if each])
    lines += _section("Timeline", [f"  {moment(each.at)}  {each.what}  {each.reason}" for each in report.timeline])
    return "\n".join(map(visible, lines + _section("Last messages", [*map(_frame_text, report.frames)])))


def _section(title: str, lines: list[str]) -> list[str]:
    return ["", f"{title}:", *lines] if lines else []


def _frame_text(frame: Frame) -> str:
    arrow = "->" if frame.direction == "to_server" else "<-"
    what = " ".join(filter(None, (frame.type, frame.method, frame.tool)))
    return f"  {moment(frame.at)}  {arrow}  {what}  {frame.decision}  {frame.bytes} bytes  {frame.params}"
