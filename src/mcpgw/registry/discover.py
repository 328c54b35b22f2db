"""Every entry of every client, with its source; what could not be read is a problem, never an absence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from mcpgw.registry import clients as package
from mcpgw.registry.client import Client, ConfigFile, Place, Problem, Reading, Spot
from mcpgw.registry.document import Document
from mcpgw.registry.entry import Entry
from mcpgw.registry.reading import entries_of, read_file
from mcpgw.registry.wrappers import marked


def found_clients() -> tuple[Client, ...]:
    """The `CLIENT` of each module in `clients/`, by module name; modules without one serve their neighbours."""
    names = sorted(module.name for module in iter_modules(package.__path__))
    values = (getattr(import_module(f"{package.__name__}.{name}"), "CLIENT", None) for name in names)
    return tuple(value for value in values if isinstance(value, Client))


CLIENTS = found_clients()


@dataclass(frozen=True, slots=True)
class Discovery:
    """managed_files: client name -> the managed file that makes it ignore all others.

    spots: where shared entries could be shadowed, or are.
    """

    entries: tuple[Entry, ...]
    readings: tuple[Reading, ...]
    problems: tuple[Problem, ...]
    managed_files: dict[str, str]
    spots: tuple[Spot, ...] = ()

    def files(self) -> tuple[ConfigFile, ...]:
        """The files that exist and could be read."""
        return tuple(reading.file for reading in self.readings if reading.document is not None)


def client_named(name: str) -> Client:
    """Raises KeyError for a client that is not known."""
    return {client.name: client for client in CLIENTS}[name]


def find_client(name: str) -> Client | None:
    """None for a client that this version does not know."""
    return next((client for client in CLIENTS if client.name == name), None)


def discover(
    place: Place, clients: tuple[Client, ...] = CLIENTS, known: Mapping[str, Document] | None = None
) -> Discovery:
    """Reads all files of all clients; `known` as for `read_file`."""
    found = [_discover_one(place, client, known) for client in clients]
    return Discovery(
        entries=tuple(entry for each in found for entry in each.entries),
        readings=tuple(reading for each in found for reading in each.readings),
        # Two clients may read one shared file; what is wrong with it is said once.
        problems=tuple(dict.fromkeys(problem for each in found for problem in each.problems)),
        managed_files={name: path for each in found for name, path in each.managed_files.items()},
        spots=tuple(spot for each in found for spot in each.spots),
    )


def _discover_one(place: Place, client: Client, known: Mapping[str, Document] | None) -> Discovery:
    first = tuple(read_file(file, known) for file in client.files(place))
    readings = first + tuple(read_file(file, known) for file in client.further(place, first))
    entries = tuple(
        entry
        for reading in readings
        if reading.document is not None
        for entry, _ in entries_of(reading.file, reading.document)
    )
    verdict = client.judge(place, readings, entries)
    broken = tuple(reading.problem for reading in readings if reading.problem is not None)
    managed = {client.name: verdict.managed_file} if verdict.managed_file is not None else {}
    judged = tuple(map(marked, verdict.entries))
    spots = client.spots(place, readings, judged)
    return Discovery(judged, readings, broken + verdict.problems, managed, spots)
