"""`--since` is understood or refused with what to write instead."""

import time

import click
from click.testing import CliRunner

from mcpgw.cli.filters import since_option


@click.command()
@since_option
def probe(since: float | None) -> None:
    click.echo(repr(since))


def test_absent_is_none() -> None:
    assert CliRunner().invoke(probe, []).output == "None\n"


def test_a_time_ago_becomes_epoch_seconds() -> None:
    before = time.time()
    since = float(CliRunner().invoke(probe, ["--since", "2h"]).output)
    assert before - 7200 <= since <= time.time() - 7200


def test_anything_else_is_a_usage_error() -> None:
    result = CliRunner().invoke(probe, ["--since", "soon"])
    assert result.exit_code == 2 and "90s, 15m, 2h" in result.output
