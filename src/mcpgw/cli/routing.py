"""What `install`, `uninstall` and `list` share: their options, and how entries are shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import click

from mcpgw.cli.masking import masked
from mcpgw.cli.output import table
from mcpgw.registry.client import Place, Problem, this_machine
from mcpgw.registry.coverage import Coverage
from mcpgw.registry.discover import CLIENTS
from mcpgw.registry.entry import Entry, Scope
from mcpgw.visible import visible

F = TypeVar("F", bound=Callable[..., Any])

client_option: Callable[[F], F] = click.option(
    "--client", type=click.Choice([client.name for client in CLIENTS]), help="Only this client's servers."
)
scope_option: Callable[[F], F] = click.option(
    "--scope", type=click.Choice([str(scope) for scope in Scope]), help="Only servers of this scope."
)
force_option: Callable[[F], F] = click.option(
    "--force", is_flag=True, help="Edit the files of a client that should be closed first."
)
keep_going_option: Callable[[F], F] = click.option(
    "--keep-going", is_flag=True, help="Leave out files that are broken or cannot be edited; exit code 7."
)

_NO_DIRECTORY = (
    "mcpgw: warning: the working directory has been deleted, so no project's servers are looked for\n"
    "  next: Change to the project's directory, and run it again, if it is about those."
)


def here() -> Place:
    """The real machine, as this process sees it; where its directory is gone, as from the home: no project is seen."""
    try:
        return this_machine(os.environ, os.getcwd())
    except FileNotFoundError:
        click.echo(_NO_DIRECTORY, err=True)
        machine = this_machine(os.environ, "/")
        return replace(machine, cwd=machine.home)


def servers(count: int) -> str:
    """The number with its noun."""
    return f"{count} server" + ("" if count == 1 else "s")


def source(entry: Entry) -> str:
    """File and project of an entry, the home directory written `~`."""
    project = f" [{_short(entry.project_key)}]" if entry.project_key is not None else ""
    return _short(entry.config_file) + project


def coverage_table(covered: Iterable[Coverage]) -> str:
    rows = [
        (each.entry.name, each.entry.client, str(each.entry.scope), _words(each), source(each.entry))
        for each in covered
    ]
    return table(rows, ("SERVER", "CLIENT", "SCOPE", "ROUTED", "SOURCE"))


def coverage_json(each: Coverage) -> dict[str, Any]:
    """One entry for `--json`; its arguments and environment stay out, they may hold secrets."""
    entry = each.entry
    return {
        "id": entry.entry_id,
        "name": entry.name,
        "client": entry.client,
        "scope": str(entry.scope),
        "project": entry.project_key,
        "file": entry.config_file,
        "transport": str(entry.transport),
        "routed": each.routed,
        "reason": None if each.reason is None else str(each.reason),
        "text": each.text,
        "new": each.new,
    }


def problems_json(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [{"file": each.path, "message": each.message, "next_step": each.next_step} for each in problems]


def problems_text(problems: Iterable[Problem]) -> str:
    """The files that could not be read or edited, one a line; empty when there is none."""
    lines = [f"  {visible(each.message)}" for each in problems]
    return "\n".join(("Left out:", *lines)) if lines else ""


def shown(lines: Iterable[str]) -> str:
    """Lines that quote a client's file, without its secrets; a line break in a name makes no line of its own."""
    text = masked("\n".join(line.replace("\n", "\\u000a") for line in lines))
    return "\n".join(map(visible, text.split("\n")))


def paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _words(each: Coverage) -> str:
    return each.text + (" (new since install)" if each.new else "")


def _short(path: str) -> str:
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if path.startswith(home + os.sep) else path
