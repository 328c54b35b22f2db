"""`mcpgw scan`: what is where it should not be. A secret is shown as its masked preview only."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterable
from typing import Any

import click

from mcpgw.cli.masking import masked
from mcpgw.cli.output import emit, json_option, table
from mcpgw.cli.places import layout
from mcpgw.cli.routing import (
    client_option,
    here,
    paragraphs,
    problems_json,
    problems_text,
    scope_option,
    servers,
    source,
)
from mcpgw.config.detector import secret_detector
from mcpgw.errors import ExitCode
from mcpgw.files import read_bytes
from mcpgw.installers.guard import concerns
from mcpgw.paths import StateLayout
from mcpgw.policy.fingerprint import FingerprintKey
from mcpgw.policy.redact import mask
from mcpgw.registry.client import Problem
from mcpgw.registry.discover import discover
from mcpgw.registry.entry import Scope
from mcpgw.registry.exposure import Readers
from mcpgw.registry.leaks import Leak, LeakReport, find_leaks
from mcpgw.registry.literals import SEVERITIES
from mcpgw.registry.select import Choice
from mcpgw.visible import visible

SCHEMA = "mcpgw.scan/1"
DEFAULT_LEVEL = "medium"
HEADERS = ("SEVERITY", "SERVER", "CLIENT", "WHERE", "RULE", "PREVIEW", "READABLE BY", "FILE")


@click.group("scan")
def command() -> None:
    """Look for literal secrets."""


@command.command("configs")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    default=DEFAULT_LEVEL,
    help="The least severity that makes the exit code 1.",
)
@client_option
@scope_option
@json_option
def configs(fail_on: str, client: str | None, scope: str | None, as_json: bool) -> int:
    """Literal secrets in the entries of your clients' files, and who can read them. Changes nothing."""
    state = layout()
    choice = Choice(client=client, scope=scope)
    found = discover(here())
    report = find_leaks(found, choice, secret_detector(state))
    problems = tuple(each for each in found.problems if concerns(each.path, found, choice)) + report.problems
    emit(SCHEMA, _payload(state, report, problems, fail_on), as_json, lambda: masked(_text(report, problems)))
    return int(_exit_code(report, problems, fail_on))


def _exit_code(report: LeakReport, problems: Iterable[Problem], fail_on: str) -> ExitCode:
    """A finding is an answer even where some file could not be looked at."""
    if any(SEVERITIES.index(leak.severity) >= SEVERITIES.index(fail_on) for leak in report.leaks):
        return ExitCode.NO
    return ExitCode.PARTIAL if tuple(problems) else ExitCode.DONE


def _payload(state: StateLayout, report: LeakReport, problems: Iterable[Problem], fail_on: str) -> dict[str, Any]:
    key = fingerprint_key(state)
    return {
        "source": "configs",
        "servers": report.entries,
        "fail_on": fail_on,
        "findings": [_leak_json(leak, key) for leak in report.leaks],
        "problems": problems_json(problems),
    }


def _leak_json(leak: Leak, key: FingerprintKey | None) -> dict[str, Any]:
    entry, literal = leak.entry, leak.literal
    secret = literal.secret.encode("utf-8", "surrogatepass")
    return {
        "fingerprint": leak.fingerprint,
        "rule": literal.rule,
        "severity": leak.severity,
        "entry": entry.entry_id,
        "server": entry.name,
        "client": entry.client,
        "scope": str(entry.scope),
        "project": entry.project_key,
        "file": entry.config_file,
        "line": leak.line,
        "pointer": literal.pointer,
        "length": len(literal.secret),
        "preview": mask(secret),
        "ref": None if key is None else key.of(secret).ref,
        "readable_by": {
            "who": str(leak.exposure.readers),
            "group": leak.exposure.group,
            "mode": f"{leak.exposure.mode:04o}",
        },
    }


def fingerprint_key(state: StateLayout) -> FingerprintKey | None:
    """The installation's key, which gives a secret the REF that it has in the journals; None where there is none."""
    try:
        return FingerprintKey(read_bytes(state.fingerprint_key)) if os.path.exists(state.fingerprint_key) else None
    except OSError:
        return None


def _text(report: LeakReport, problems: Iterable[Problem]) -> str:
    return paragraphs(
        table([_row(leak) for leak in report.leaks], HEADERS) if report.leaks else "",
        problems_text(problems),
        _summary(report),
        _next_step(report),
    )


def _row(leak: Leak) -> tuple[str, ...]:
    entry, literal = leak.entry, leak.literal
    preview = mask(literal.secret.encode("utf-8", "surrogatepass"))
    where = f"{source(entry)}:{leak.line}"
    return (
        leak.severity,
        entry.name,
        entry.client,
        literal.pointer,
        literal.rule,
        preview,
        leak.exposure.text,
        where,
    )


def _summary(report: LeakReport) -> str:
    looked_at = servers(report.entries)
    if not report.leaks:
        return f"No literal secret in {looked_at}."
    counted = Counter(leak.severity for leak in report.leaks)
    parts = ", ".join(f"{counted[each]} {each}" for each in reversed(SEVERITIES) if counted[each])
    noun = "literal secret" if len(report.leaks) == 1 else "literal secrets"
    return f"{len(report.leaks)} {noun} in {looked_at}: {parts}"


def _next_step(report: LeakReport) -> str:
    """A file that is shared with a team is to be read by others."""
    if not report.leaks:
        return ""
    open_files = dict.fromkeys(
        leak.entry.config_file
        for leak in report.leaks
        if leak.exposure.readers in (Readers.GROUP, Readers.EVERYONE) and leak.entry.scope is not Scope.PROJECT
    )
    steps = [f"`chmod 600 {visible(shlex.quote(each))}`" for each in open_files]
    return "Next: " + "; ".join([*steps, "keep each value in the environment, and a reference to it in the file."])
