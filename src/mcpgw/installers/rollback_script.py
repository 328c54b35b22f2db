"""What `bin/mcpgw-rollback` does: unwraps every entry of ours from its args alone, without ledger, state or mcpgw.

Standard library only, as are the modules it uses: they travel in one file (see rollback_source).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence

from mcpgw.errors import McpgwError
from mcpgw.installers.spans import apply_edits, unwrap_edits
from mcpgw.installers.swap import read_target, replace_if_same, target_of
from mcpgw.registry.document import EACH, Document, Node, Shape, read_document, shape_of
from mcpgw.registry.entry import unwrap

# Where the clients that are supported keep servers by name.
_CONTAINERS = (("mcpServers",), ("projects", EACH, "mcpServers"))
_ENTRY = Shape({"command": None, "args": None})
_ATTEMPTS = 3


def main(argv: Sequence[str]) -> int:
    """Unwraps in the files that are named, else in those of the ledger beside the script. 0 done, 1 some failed."""
    if argv[1:2] in (["-h"], ["--help"]):
        _say("takes the gateway off the client files that are named, else off those in the ledger beside it")
        return 0
    files = list(argv[1:]) or ledger_files(os.path.dirname(os.path.dirname(os.path.abspath(argv[0]))))
    if not files:
        _say("no file is named and no ledger was found\n  next: name the client files as arguments")
        return 1
    return max([_reported(path) for path in files])


def ledger_files(root: str) -> list[str]:
    """The client files that the ledger in `root` names, each once; none where there is no ledger."""
    found: dict[str, None] = {}
    try:
        with open(os.path.join(root, "ledger.jsonl"), "rb") as file:
            for line in file:
                found.update(dict.fromkeys(_file_of(line)))
    except OSError:
        return []
    return [path for path in found if os.path.exists(path)]


def roll_back(path: str) -> int:
    """Unwraps one file; returns how many entries were ours. Raises McpgwError; the file is then as it was."""
    target = target_of(path, locked=True)
    for _ in range(_ATTEMPTS):
        old = read_target(target)
        document = read_document(old, shape_of(_CONTAINERS, _ENTRY), path=path)
        ours = list(_ours(document))
        new = apply_edits(old, (edit for entry in ours for edit in unwrap_edits(document, entry)))
        read_document(new, shape_of(_CONTAINERS, _ENTRY), path=path)
        if new == old or replace_if_same(target, old, new, locked=True):
            return len(ours)
    raise McpgwError(f"{path} keeps being rewritten by its client", "Close the client and run it again.")


def _ours(document: Document) -> Iterator[Node]:
    for container in _CONTAINERS:
        for _, node in document.find(container):
            for member in node.members or ():
                if _is_ours(document, member.value):
                    yield member.value


def _is_ours(document: Document, entry: Node) -> bool:
    args = entry.member("args")
    value = document.value(args.value) if args is not None else None
    strings = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return strings and entry.member("command") is not None and unwrap(value) is not None


def _file_of(line: bytes) -> Iterator[str]:
    try:
        record = json.loads(line)
    except ValueError:
        return
    if isinstance(record, dict) and record.get("kind") == "plan" and isinstance(record.get("file"), str):
        yield record["file"]


def _reported(path: str) -> int:
    try:
        count = roll_back(path)
    except McpgwError as error:
        _say(f"{error.message}\n  next: {error.next_step}")
        return 1
    _say(f"{path}: {count} unwrapped" if count else f"{path}: nothing of ours is in it")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"mcpgw-rollback: {text}\n")
