"""Makes the judges of one instance: a policy, the installation's key, and what its server was given anyway."""

from __future__ import annotations

import os

from mcpgw.files import read_bytes
from mcpgw.gateway.judging import Judge
from mcpgw.policy.fingerprint import FingerprintKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.paths import StateLayout
    from mcpgw.policy.snapshot import Snapshot

FINGERPRINT_KEY_BYTES = 32


class Judging:
    """Makes the Judge of a snapshot: the installation's fingerprint key, and what the server was given anyway."""

    def __init__(self, layout: StateLayout, server: list[str]) -> None:
        self._key = _fingerprint_key(layout)
        values = [*os.environb.values(), *map(os.fsencode, server)]
        self._own = tuple(value for value in values if len(value) >= 8)

    def by(self, snapshot: Snapshot | None) -> Judge | None:
        """None while there is no policy."""
        if snapshot is None:
            return None
        return Judge(snapshot.policy, snapshot.detector, FingerprintKey(self._key), self._own)


def _fingerprint_key(layout: StateLayout) -> bytes:
    """The installation's key, made at first use; one for this process only where it cannot be kept."""
    fresh = os.urandom(FINGERPRINT_KEY_BYTES)
    try:
        descriptor = os.open(layout.fingerprint_key, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        kept = read_bytes(layout.fingerprint_key)
        return kept if len(kept) == FINGERPRINT_KEY_BYTES else fresh
    except OSError:
        return fresh
    try:
        os.write(descriptor, fresh)
    finally:
        os.close(descriptor)
    return fresh
