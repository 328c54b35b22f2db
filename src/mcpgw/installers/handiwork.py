"""A shadow is ours while it says what mcpgw wrote; one that was changed since is its owner's. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from mcpgw.installers.change import command_of
from mcpgw.registry.entry import Entry
from mcpgw.registry.ledger import LedgerEntry


def is_ours(entry: Entry, installed: Iterable[LedgerEntry]) -> bool:
    """Whether mcpgw added this entry as a whole, and it says what was written, however it is laid out.

    A shadow of which the ledger knows nothing is ours where it stands before what it says that it stands before.
    """
    if not entry.is_shadow:
        return False
    written = [each for each in installed if each.gateway_id == entry.gateway_id]
    return not written or any(_says(entry, each) for each in written)


def containers_made(file: str, installed: Iterable[LedgerEntry]) -> frozenset[str | None]:
    """Keys of the projects in whose place in this file there was no object for servers before a shadow needed one."""
    return frozenset(each.project for each in installed if each.container and each.config_file == file)


def digest_of_entry(text: bytes) -> str:
    """The same for every layout and order of keys, as a client may change both."""
    # Floats, as for the clients: Python refuses integers of more than 4,300 digits.
    value = json.loads(text.decode("utf-8", "replace"), parse_int=float)
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _says(entry: Entry, written: LedgerEntry) -> bool:
    if written.after not in (None, command_of(entry)):
        return False
    return written.digest in (None, digest_of_entry(entry.value.encode()))
