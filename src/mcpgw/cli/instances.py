"""Which running gateways a person means by SERVER: a name, or an entry id where the name is ambiguous."""

from __future__ import annotations

from mcpgw.cli.verdict import entry_of
from mcpgw.errors import NotFound, UsageFault
from mcpgw.paths import StateLayout
from mcpgw.state.instance import InstanceStatus, read_instances
from mcpgw.visible import visible


def instances_of(place: StateLayout, server: str) -> tuple[InstanceStatus, ...]:
    """Every instance of one server that left a directory, oldest first.

    Raises NotFound if there is none, UsageFault if the name stands for several entries.
    """
    found = _named(place, server)
    if not found:
        raise NotFound(
            f"no gateway of a server {visible(server)} has run in the last days",
            "`mcpgw status` lists the servers and what runs.",
        )
    entries = sorted({entry_of(each) for each in found})
    if len(entries) > 1:
        choices = ", ".join(visible(entry) or "(started by hand)" for entry in entries)
        raise UsageFault(f"{visible(server)} is the name of several entries", f"Name one of them: {choices}")
    return found


def is_known(place: StateLayout, server: str) -> bool:
    """Whether a server of that name, or entry, left an instance."""
    return bool(_named(place, server))


def _named(place: StateLayout, server: str) -> tuple[InstanceStatus, ...]:
    return tuple(each for each in read_instances(place) if server in (server_of(each), entry_of(each)))


def server_of(instance: InstanceStatus) -> str:
    """The server's name, "" where the record cannot be read."""
    return str(instance.record.identity.get("server", "")) if instance.record else ""
