"""What `bin/mcpgw-rollback` does: takes every entry of ours off by what it says itself, without mcpgw and its state.

Standard library only, as are the modules it uses: they travel in one file (see rollback_source).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from mcpgw.errors import McpgwError
from mcpgw.files import read_bytes
from mcpgw.installers.rollback import uninstall_plan
from mcpgw.installers.swap import read_target, replace_if_same, target_of
from mcpgw.paths import StateLayout
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.dialect import Dialect
from mcpgw.registry.document import Path, Syntax
from mcpgw.registry.entry import Scope, Standing
from mcpgw.registry.ledger import Ledger
from mcpgw.visible import visible

# A kind of client file, as literals: client, syntax, and (path, scope, shared file) of each container.
Kind = tuple[str, str, tuple[tuple[Path, str, str | None], ...]]

# An entry of ours is known by its command and args, whatever else its client makes of it.
_ANY_ENTRY = Dialect(env="")
_ATTEMPTS = 3


def main(argv: Sequence[str], kinds: Iterable[Kind]) -> int:
    """Takes off in the files that are named, else in those of the ledger beside the script. 0 done, 1 some failed."""
    if argv[1:2] in (["-h"], ["--help"]):
        _say("takes the gateway off the client files that are named, else off those in the ledger beside it")
        return 0
    layout = StateLayout(os.path.dirname(os.path.dirname(os.path.abspath(argv[0]))))
    recorded = recorded_files(layout)
    paths = argv[1:] or [path for path in recorded if os.path.exists(path)]
    if not paths:
        _say("no file is named and no ledger was found", "name the client files as arguments")
        return 1
    known = [_config_file(kind) for kind in kinds]
    return max([_reported(file_at(path, known, recorded.get(path)), layout.launcher) for path in paths])


def recorded_files(layout: StateLayout) -> dict[str, tuple[str, str]]:
    """The client files in the ledger, each with client and scope of an entry in it; none where there is no ledger."""
    found: dict[str, tuple[str, str]] = {}
    try:
        for line in read_bytes(layout.ledger_file).split(b"\n"):
            found.update(_entries_of(line))
    except OSError:
        return {}
    return found


def file_at(path: str, known: Sequence[ConfigFile], recorded: tuple[str, str] | None) -> ConfigFile:
    """The file as its client has it; one that is not recorded is searched wherever some client keeps servers."""
    for file in known:
        if any((file.client, str(container.scope)) == recorded for container in file.containers):
            return replace(file, path=path)
    syntax = Syntax.TOML if path.endswith(".toml") else Syntax.JSONC
    containers = {
        # The prefix keeps apart servers of one name in two containers.
        container.path: replace(container, prefix=f"{container.path}:")
        for file in known
        if (file.syntax is Syntax.TOML) == (syntax is Syntax.TOML)
        for container in file.containers
    }
    # It was named, so also what a team-mate's gateway is in front of goes: the file does not count as shared.
    untouched = Standing.LISTED_ONLY
    return ConfigFile("", path, tuple(containers.values()), syntax=syntax, untouched=untouched, dialect=_ANY_ENTRY)


def roll_back(file: ConfigFile, launcher: str) -> int:
    """Takes ours off one file; returns how many entries they were. Raises McpgwError; the file is then as it was."""
    target = target_of(file.path, locked=True)
    for _ in range(_ATTEMPTS):
        plan = uninstall_plan(file, read_target(target), Ledger(), launcher=launcher)
        if not plan.changed or replace_if_same(target, plan.old, plan.new):
            return len(plan.changes)
    raise McpgwError(f"{file.path} keeps being rewritten by its client", "Close the client and run it again.")


def _config_file(kind: Kind) -> ConfigFile:
    client, syntax, containers = kind
    opened = tuple(Container(path, Scope(scope), shared_file=shared) for path, scope, shared in containers)
    return ConfigFile(client, "", opened, syntax=Syntax(syntax), dialect=_ANY_ENTRY)


def _entries_of(line: bytes) -> Iterator[tuple[str, tuple[str, str]]]:
    """(file, (client, scope)) of each entry in a line of the ledger, whatever version wrote it."""
    try:
        record = json.loads(line)
        for entry in record["entries"] if record["kind"] == "plan" else ():
            yield str(record["file"]), (str(entry["client"]), str(entry["scope"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        return


def _reported(file: ConfigFile, launcher: str) -> int:
    try:
        count = roll_back(file, launcher)
    except McpgwError as error:
        _say(error.message, error.next_step)
        return 1
    _say(f"{file.path}: {count} unwrapped" if count else f"{file.path}: nothing of ours is in it")
    return 0


def _say(text: str, next_step: str = "") -> None:
    """Paths are the user's, and may hold anything."""
    sys.stderr.write(f"mcpgw-rollback: {visible(text)}\n")
    if next_step:
        sys.stderr.write(f"  next: {visible(next_step)}\n")
