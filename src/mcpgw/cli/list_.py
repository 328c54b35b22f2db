"""`mcpgw list`: every server of every client, routed or why not; what is not routed counts against the figure."""

from __future__ import annotations

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
from mcpgw.registry.client import Place, Problem
from mcpgw.registry.coverage import Coverage, coverage, figure
from mcpgw.registry.discover import discover
from mcpgw.registry.ledger import read_ledger
from mcpgw.registry.select import Choice, chosen

SCHEMA = "mcpgw.list/1"


@click.command("list")
@client_option
@scope_option
@json_option
def command(client: str | None, scope: str | None, as_json: bool) -> None:
    """Every server of every client: routed, or why not."""
    covered, problems = listing(here(), layout(), Choice(client=client, scope=scope))
    emit(SCHEMA, _payload(covered, problems), as_json, lambda: _text(covered, problems))


def listing(place: Place, state: StateLayout, choice: Choice) -> tuple[tuple[Coverage, ...], tuple[Problem, ...]]:
    """The coverage of the chosen entries, and the files that could not be read."""
    found = discover(place)
    ledger = read_ledger(state)
    return coverage(chosen(found.entries, choice), ledger.seen, ledger.opted_out), found.problems


def _payload(covered: tuple[Coverage, ...], problems: tuple[Problem, ...]) -> dict[str, Any]:
    counted = figure(covered)
    return {
        "servers": [coverage_json(each) for each in covered],
        "coverage": {"routed": counted.routed, "total": counted.total},
        "problems": problems_json(problems),
    }


def _text(covered: tuple[Coverage, ...], problems: tuple[Problem, ...]) -> str:
    servers = coverage_table(covered) if covered else "No client has a server."
    return paragraphs(servers, problems_text(problems), figure(covered).text)
