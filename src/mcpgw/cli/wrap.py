"""`mcpgw wrap`: a filter. The routed copy goes to stdout, all talk to stderr, and no client file is written.

The copy holds what the source holds; on stderr its secrets are masked.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from mcpgw.cli.masking import masked
from mcpgw.cli.output import dry_run_option, emit, json_option, table
from mcpgw.cli.places import layout
from mcpgw.cli.routing import here, paragraphs
from mcpgw.config.detector import secret_detector
from mcpgw.detect.pipeline import Detector
from mcpgw.errors import NotFound
from mcpgw.files import read_bytes
from mcpgw.installers.change import Outcome
from mcpgw.installers.routed_copy import (
    STDIN,
    CopiedEntry,
    RoutedCopy,
    make_ready,
    routed_copy,
    source_file,
)
from mcpgw.policy.redact import mask
from mcpgw.registry.coverage import Coverage, Reason
from mcpgw.registry.literals import literal_secrets
from mcpgw.registry.reading import entries_of
from mcpgw.visible import visible

SCHEMA = "mcpgw.wrap/1"
_OUTCOMES = {Outcome.ROUTE: "wrapped", Outcome.REPOINT: "re-pointed"}
_ALLOW_LIST = "Where `allowedMcpServers` has rules on commands, the client hides these servers without:"
_MASKED = "Secrets in these lines are masked; `--json` gives them whole, as `allow_list`."


@click.command("wrap")
@click.argument("file", metavar="FILE|-")
@click.option("--except", "excepted", multiple=True, metavar="NAME", help="Leave this server alone.")
@dry_run_option
@json_option
def command(file: str, excepted: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Print a routed copy of a managed file or a `--mcp-config` file (`-`: of standard input)."""
    state = layout()
    copy = routed_copy(here(), source_file(file), _content(file), excepted, state.launcher)
    if not dry_run:
        make_ready(state)
    elif not os.path.exists(state.launcher):
        click.echo(f"mcpgw: warning: {state.launcher} is not there yet; without --dry-run it is made", err=True)
    for problem in copy.problems:
        click.echo(f"mcpgw: warning: {visible(problem.message)}", err=True)
    click.echo(_talk(copy, secret_detector(state)), err=True)
    emit(SCHEMA, _payload(copy), as_json, lambda: None)
    if not as_json:
        click.echo(copy.content, nl=False)


def _content(file: str) -> bytes:
    if file == STDIN:
        return sys.stdin.buffer.read()
    try:
        return read_bytes(file)
    except FileNotFoundError:
        raise NotFound(f"{file} does not exist", "Give a file, or - for standard input.") from None


def _payload(copy: RoutedCopy) -> dict[str, Any]:
    """The copy as text (bytes that are not UTF-8 as lone surrogates), its entries and the lines that it needs."""
    return {
        "content": copy.content.decode("utf-8", "surrogateescape"),
        "entries": [
            {
                "id": each.entry.entry_id,
                "name": each.entry.name,
                "transport": str(each.entry.transport),
                "routed": each.reason is None or each.entry.wrapped is not None,
                "changed": each.outcome is not None,
                "reason": None if each.reason is None else str(each.reason),
                "text": _words(each),
            }
            for each in copy.entries
        ],
        "allow_list": [{"serverCommand": list(argv)} for argv in copy.allow_list],
    }


def _talk(copy: RoutedCopy, detector: Detector) -> str:
    rows = [(masked(each.entry.name), masked(_words(each))) for each in copy.entries]
    whole = [_line(argv) for argv in copy.allow_list]
    shown = list(_masked_lines(copy, detector))
    return paragraphs(
        table(rows, ("SERVER", "IN THE COPY")) if rows else "There is no server in it.",
        "\n".join((_ALLOW_LIST, ",\n".join(visible(masked(line)) for line in shown))) if shown else "",
        _MASKED if shown != whole else "",
    )


def _words(each: CopiedEntry) -> str:
    if each.reason is Reason.OPTED_OUT:
        return "as it was: left out at your request (`--except`)"
    if each.reason is not None:
        return f"as it was: {Coverage(each.entry, each.reason).text}"
    return "routed already" if each.outcome is None else _OUTCOMES[each.outcome]


def _masked_lines(copy: RoutedCopy, detector: Detector) -> Iterator[str]:
    """The allow list with each literal secret of its entry shortened to its preview."""
    for entry, node in entries_of(copy.file, copy.document):
        if entry.wrapped is None:
            continue
        argv = [entry.command or "", *(entry.args or ())]
        for literal in literal_secrets(copy.document.raw(node), detector):
            preview = mask(literal.secret.encode("utf-8", "surrogatepass"))
            argv = [each.replace(literal.secret, preview) for each in argv]
        yield _line(argv)


def _line(argv: list[str] | tuple[str, ...]) -> str:
    return json.dumps({"serverCommand": list(argv)}, ensure_ascii=False)
