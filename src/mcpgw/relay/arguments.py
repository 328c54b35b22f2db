"""The data plane reads its own command line: no option parser is loaded before the server is started."""

from __future__ import annotations

import os

from mcpgw.values import NamedTuple

USAGE = "usage: mcpgw run [--entry ID | --name NAME] [--shadow] [--no-args] -- COMMAND [ARGS]..."


class BadArguments(Exception):
    """The text says what is wrong with the command line."""


class Arguments(NamedTuple):
    """entry: the installed entry's id, None for an ad hoc run.  name: the server's name.  server: its argv."""

    entry: str | None
    name: str
    server: list[str]


def parse_arguments(argv: list[str]) -> Arguments:
    """`argv` starts with the verb. Raises BadArguments."""
    verb, *rest = argv
    entry = name = None
    while rest and rest[0].startswith("--") and (verb == "run" or rest[0] == "--"):
        option = rest.pop(0)
        if option == "--":
            break
        if option in ("--shadow", "--no-args"):  # they tell uninstall what to put back
            continue
        if option not in ("--entry", "--name"):
            raise BadArguments(f"unknown option {option}")
        if not rest or rest[0] == "--":
            raise BadArguments(f"{option} needs a value")
        if option == "--entry":
            entry = rest.pop(0)
        else:
            name = rest.pop(0)
    if not rest:
        raise BadArguments("no server command is given")
    return Arguments(entry, name or _name_in(entry) or os.path.basename(rest[0]), rest)


def _name_in(entry: str | None) -> str:
    """The percent-encoded name at the end of an entry id, decoded for people to read."""
    if entry is None:
        return ""
    encoded = entry.rsplit(":", 1)[-1].encode("utf-8", "replace")
    head, *parts = encoded.split(b"%")
    decoded = [head]
    for part in parts:
        try:
            decoded.append(bytes.fromhex(part[:2].decode("ascii")) + part[2:])
        except ValueError:
            decoded.append(b"%" + part)
    return b"".join(decoded).decode("utf-8", "replace")
