"""Options that several reading verbs share, so that they mean the same everywhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from mcpgw.cli import units

F = TypeVar("F", bound=Callable[..., Any])

FOLLOW_SECONDS = 0.5  # a person does not notice, and an idle `-f` costs nothing


def _since(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Epoch seconds of the option's text. Raises BadParameter."""
    if value is None:
        return None
    try:
        return units.since(value, time.time())
    except (ValueError, OverflowError):
        raise click.BadParameter(
            "write 90s, 15m, 2h, 3d, 1w, or an ISO date or time such as 2026-01-31T09:00"
        ) from None


since_option: Callable[[F], F] = click.option(
    "--since", callback=_since, metavar="WHEN", help="Only from then on: 2h, 3d, or an ISO date or time (UTC)."
)
server_option: Callable[[F], F] = click.option(
    "--server", metavar="SERVER", help="Only this server (its name or entry id)."
)
follow_option: Callable[[F], F] = click.option(
    "-f", "--follow", is_flag=True, help="Go on showing what is added, until Ctrl-C."
)


def wait_a_little() -> bool:
    """The pause between two looks of `--follow`; only an interrupt ends it."""
    time.sleep(FOLLOW_SECONDS)
    return True
