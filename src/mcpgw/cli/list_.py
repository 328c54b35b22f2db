"""`mcpgw list`: every server of every client, routed or why not; what is not routed counts against the figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import click

from mcpgw.cli.output import emit, json_option
from mcpgw.cli.places import layout
from mcpgw.cli.routing import (
    client_option,
    coverage_json,
    coverage_table,
    here,
    paragraphs,
    problems_json,
    problems_text,
    scope_option,
)
from mcpgw.paths import StateLayout
from mcpgw.registry.claude.connectors import unseen_connectors
from mcpgw.registry.client import Client, Place, Problem
from mcpgw.registry.coverage import Coverage, coverage, figure
from mcpgw.registry.discover import CLIENTS, client_named, discover
from mcpgw.registry.ledger import read_ledger
from mcpgw.registry.select import Choice, chosen

SCHEMA = "mcpgw.list/1"


@dataclass(frozen=True, slots=True)
class Listing:
    """What is found: each chosen entry, the files that could not be read, and what cannot be seen from here."""

    covered: tuple[Coverage, ...]
    problems: tuple[Problem, ...]
    unseen: str | None


@click.command("list")
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    metavar="DIR",
    help="What a session that starts in DIR would see, instead of every project.",
)
@client_option
@scope_option
@json_option
def command(project: str | None, client: str | None, scope: str | None, as_json: bool) -> None:
    """Every server of every client: routed, or why not."""
    found = listing(here(), layout(), Choice(client=client, scope=scope), project)
    emit(SCHEMA, _payload(found), as_json, lambda: _text(found))


def listing(place: Place, state: StateLayout, choice: Choice, project: str | None = None) -> Listing:
    """The chosen entries of every project, or those of a session in `project` (an absolute path without links)."""
    clients = CLIENTS if choice.client is None else (client_named(choice.client),)
    found = discover(place, clients) if project is None else discover(replace(place, cwd=project), in_session(clients))
    ledger = read_ledger(state)
    covered = coverage(chosen(found.entries, choice), ledger.seen, ledger.opted_out)
    return Listing(covered, found.problems, unseen_connectors(found.readings))


def in_session(clients: Iterable[Client]) -> tuple[Client, ...]:
    """The clients, judging as a session in the working directory does."""
    return tuple(replace(client, judge=client.judge_session or client.judge) for client in clients)


def _payload(found: Listing) -> dict[str, Any]:
    counted = figure(found.covered)
    return {
        "servers": [coverage_json(each) for each in found.covered],
        "coverage": {"routed": counted.routed, "total": counted.total},
        "problems": problems_json(found.problems),
        "unseen": found.unseen,
    }


def _text(found: Listing) -> str:
    servers = coverage_table(found.covered) if found.covered else "No client has a server."
    return paragraphs(servers, problems_text(found.problems), found.unseen or "", figure(found.covered).text)
