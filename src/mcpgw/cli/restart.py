"""`mcpgw restart SERVER`: a new start of the server in every running session, the sessions go on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import click

from mcpgw.cli.instances import instances_of
from mcpgw.cli.output import dry_run_option, emit, json_option
from mcpgw.cli.places import layout
from mcpgw.errors import EnvironmentFault, ExitCode, NotFound
from mcpgw.paths import StateLayout
from mcpgw.state.control import ask_restart
from mcpgw.state.instance import InstanceStatus, read_instance
from mcpgw.visible import visible

SCHEMA = "mcpgw.restart/1"
# The old server gets half a second to end, the new one the time that most take to answer a handshake.
WAIT_SECONDS = 15.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one instance. restarted: a new server answers."""

    instance: str
    restarted: bool
    state: str
    reason: str


@click.command("restart")
@click.argument("server", metavar="SERVER")
@dry_run_option
@json_option
def command(server: str, dry_run: bool, as_json: bool) -> int:
    """Start a server anew in every session that runs it: one that was given up, or one that runs."""
    place = layout()
    live = tuple(each for each in instances_of(place, server) if each.alive)
    if not live:
        raise NotFound(
            f"no session runs {visible(server)} now", "It is started when its client is; `mcpgw why` says how it ended."
        )
    outcomes = [_outcome(each, restarted=False) for each in live] if dry_run else restart(place, live)
    done = dry_run or all(each.restarted for each in outcomes)
    payload: dict[str, Any] = {
        "server": server,
        "dry_run": dry_run,
        "instances": [
            {"id": each.instance, "restarted": each.restarted, "state": each.state, "reason": each.reason}
            for each in outcomes
        ],
    }
    emit(SCHEMA, payload, as_json, lambda: _text(server, outcomes, dry_run))
    return int(ExitCode.DONE if done else ExitCode.NO)


def restart(place: StateLayout, live: tuple[InstanceStatus, ...]) -> list[Outcome]:
    """Asks every instance and waits for each to answer again. Raises EnvironmentFault."""
    for each in live:
        try:
            ask_restart(place, each.id)
        except OSError as error:
            raise EnvironmentFault(f"{each.id} cannot be asked: {error.strerror}", "See `mcpgw status`.") from error
    until = time.monotonic() + WAIT_SECONDS
    return [_await(place, each, until) for each in live]


def _await(place: StateLayout, before: InstanceStatus, until: float) -> Outcome:
    """Until the instance's server is another one that answers, is given up, or the time is over."""
    while True:
        now = read_instance(place, before.id)
        if _restarts(now) > _restarts(before) and _state(now) in ("ready", "degraded"):
            return _outcome(now, restarted=True)
        if not now.alive or time.monotonic() >= until:
            return _outcome(now, restarted=False)
        time.sleep(LOOK_SECONDS)


def _outcome(instance: InstanceStatus, *, restarted: bool) -> Outcome:
    reason = instance.record.reason if instance.record else instance.problem
    return Outcome(instance.id, restarted, _state(instance), reason)


def _restarts(instance: InstanceStatus) -> int:
    return instance.record.counters["restarts"] if instance.record else 0


def _state(instance: InstanceStatus) -> str:
    return instance.record.state if instance.record else "unknown"


def _text(server: str, outcomes: list[Outcome], dry_run: bool) -> str:
    name = visible(server)
    if dry_run:
        return "\n".join(f"Would restart {name} in {each.instance} ({each.state})." for each in outcomes)
    lines = []
    for each in outcomes:
        said = f": {each.reason}" if each.reason else ""
        fate = f"{name} was restarted" if each.restarted else f"{name} has not come back"
        lines.append(visible(f"{fate} ({each.state}{said})."))
    return "\n".join(lines)
