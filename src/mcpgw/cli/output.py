"""stdout is for results, stderr for talk; `--json` prints one object with a schema name; colour only on a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from mcpgw.errors import Refused
from mcpgw.visible import visible

F = TypeVar("F", bound=Callable[..., Any])

json_option: Callable[[F], F] = click.option("--json", "as_json", is_flag=True, help="Print JSON with a schema name.")
dry_run_option: Callable[[F], F] = click.option(
    "--dry-run", is_flag=True, help="Show what would be done; change nothing."
)
yes_option: Callable[[F], F] = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def emit(schema: str, payload: Mapping[str, Any], as_json: bool, human: Callable[[], str | None]) -> None:
    """Prints the payload as JSON (ASCII: no control or bidi character reaches a terminal), or what `human` returns."""
    if as_json:
        click.echo(json.dumps({"schema": schema, **payload}, indent=2, ensure_ascii=True))
        return
    text = human()
    if text is not None:
        click.echo(text, color=use_colour())


def use_colour() -> bool:
    """NO_COLOR and TERM=dumb switch it off, FORCE_COLOR on; else only a terminal gets colour."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def style(text: str, colour: str, *, bold: bool = False) -> str:
    return click.style(text, fg=colour, bold=bold) if use_colour() else text


def table(rows: Iterable[Sequence[str]], headers: Sequence[str]) -> str:
    """Left-aligned columns, two spaces apart; cells are made visible first."""
    cells = [list(headers), *([visible(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def confirm(question: str, *, yes: bool, weakening: bool = False) -> None:
    """Returns if a person agreed. Raises Refused otherwise.

    A weakening verb is refused below an agent (CLAUDECODE is set), `--yes` or not.
    """
    if weakening and os.environ.get("CLAUDECODE"):
        raise Refused(
            "refused: this lowers protection and was started from inside an agent session",
            "A person runs it in a terminal of their own.",
        )
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("refused: nobody is here to confirm it", "Run it in a terminal, or add --yes in a script.")
    if not click.confirm(question, err=True):
        raise Refused("not confirmed; nothing was changed")
