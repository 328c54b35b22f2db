"""Which programs still run with the old configuration, and whether a client must be closed first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psutil

from mcpgw.registry.client import Client


@dataclass(frozen=True, slots=True)
class Process:
    """A running program; started: epoch seconds."""

    pid: int
    name: str
    started: float


@dataclass(frozen=True, slots=True)
class Session:
    """A running client that read its servers before they were changed."""

    client: str
    pid: int


def running_processes() -> Iterator[Process]:
    """What runs now; a process that ends or hides meanwhile is left out."""
    for process in psutil.process_iter():
        try:
            with process.oneshot():
                yield Process(process.pid, process.name(), process.create_time())
        except psutil.Error:
            continue


def sessions_before(moment: float, clients: Iterable[Client], processes: Iterable[Process]) -> tuple[Session, ...]:
    """Client processes that were started before `moment`, by pid."""
    titles = {name: client.title for client in clients for name in client.processes}
    return tuple(
        Session(titles[each.name], each.pid)
        for each in sorted(processes, key=lambda process: process.pid)
        if each.name in titles and each.started < moment
    )


def running_clients(clients: Iterable[Client], processes: Iterable[Process]) -> frozenset[str]:
    """Names of the clients that have a process."""
    names = {each.name for each in processes}
    return frozenset(client.name for client in clients if client.processes & names)


def must_close_first(client: Client, processes: Iterable[Process]) -> bool:
    """Whether this client runs and would overwrite an edit with what it has in memory."""
    return client.must_be_closed and any(each.name in client.processes for each in processes)
