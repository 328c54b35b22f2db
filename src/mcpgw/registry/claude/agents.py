"""A subagent's file may define servers of its own in its YAML front matter; names of other servers there add none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mcpgw.files import read_bytes
from mcpgw.registry.claude.brought import entries_in
from mcpgw.registry.claude.locations import names_in
from mcpgw.registry.entry import Entry, Scope

_FENCE = b"---"
_KEY = "mcpServers"


def agent_entries(directories: Iterator[str]) -> tuple[Entry, ...]:
    """The servers that subagents below these `agents` directories define; the note is the subagent's file name."""
    return tuple(
        entry
        for directory in dict.fromkeys(directories)
        for path in _files(directory)
        for entry in entries_in(path, _servers(path), Scope.AGENT, note=os.path.basename(path), several=True)
    )


def front_matter(content: bytes) -> dict[str, Any]:
    """The YAML mapping between the two first fences; empty when there is none, or when it is broken."""
    lines = content.removeprefix(b"\xef\xbb\xbf").splitlines()
    if not lines or lines[0].rstrip() != _FENCE:
        return {}
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    header = b"\n".join(lines[1:end]) if end is not None else b""
    # Most files define no server: only those that do pay for the YAML reader.
    return _yaml(header) if _KEY.encode() in header else {}


def _yaml(text: bytes) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        value = YAML(typ="safe", pure=True).load(text.decode("utf-8", "replace"))
    except (YAMLError, ValueError, RecursionError):
        return {}  # the client does not load such a subagent either
    return value if isinstance(value, dict) else {}


def _servers(path: str) -> dict[str, Any]:
    try:
        value = front_matter(read_bytes(path)).get(_KEY)
    except OSError:
        return {}
    parts = value if isinstance(value, list) else [value]
    return {str(name): server for part in parts if isinstance(part, dict) for name, server in part.items()}


def _files(directory: str) -> Iterator[str]:
    for name in names_in(directory):
        path = os.path.join(directory, name)
        if name.endswith(".md"):
            yield path
        elif os.path.isdir(path) and not os.path.islink(path):
            yield from _files(path)
