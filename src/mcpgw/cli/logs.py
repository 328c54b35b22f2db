"""`mcpgw logs`: what the gateway says of itself (not the messages; those are in `mcpgw audit`)."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable

import click

from mcpgw.audit.diagnostics import LEVELS
from mcpgw.audit.events import Event, Wanted, follow_events, log_ends, read_events
from mcpgw.cli.filters import follow_option, since_option, wait_a_little
from mcpgw.cli.output import json_option
from mcpgw.cli.places import layout
from mcpgw.cli.units import moment
from mcpgw.visible import visible

SCHEMA = "mcpgw.log/1"
LIMIT = 200  # a few screens
_SHOWN = frozenset({"v", "at", "time", "level", "source", "pid", "event", "message"})


@click.command("logs")
@click.option("--level", type=click.Choice(list(LEVELS)), default="debug", help="Only this level and worse.")
@since_option
@click.option("--limit", type=click.IntRange(min=1), default=LIMIT, show_default=True, help="The newest N events.")
@follow_option
@json_option
def command(level: str, since: float | None, limit: int, follow: bool, as_json: bool) -> None:
    """Show the gateway's own diagnostics, oldest first. With --json: a schema line, then one event a line."""
    place, wanted = layout(), Wanted(level, since)
    ends = log_ends(place)
    events = deque(read_events(place, wanted, ends), maxlen=limit)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA}))
    elif not events and not follow:
        click.echo("No events.")
    _echo(events, as_json)
    if follow:
        _echo(follow_events(place, wanted, ends, wait_a_little), as_json)


def _echo(events: Iterable[Event], as_json: bool) -> None:
    for event in events:
        click.echo(json.dumps(event) if as_json else _sentence(event))


def _sentence(event: Event) -> str:
    at = event.get("at")
    text = str(event.get("message") or event.get("event"))
    rest = ", ".join(f"{key}={value}" for key, value in event.items() if key not in _SHOWN)
    source = str(event.get("source"))
    when = moment(at) if isinstance(at, int | float) else "-"
    return visible(f"{when}  {event.get('level')!s:7}  {source}  {text}" + (f" ({rest})" if rest else ""))
