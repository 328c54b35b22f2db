"""A secret's keyed fingerprint: says that two findings are the same secret, and nothing about the secret."""

from __future__ import annotations

from _blake2 import blake2b  # hashlib would load OpenSSL: 4 MB in every gateway
from binascii import hexlify

from mcpgw.expressions import expression
from mcpgw.values import NamedTuple

# RFC 4648 base32: no letter can be misread when a REF is typed.
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
REF_LENGTH = 8
_separators = expression(rb'\\+[nrt"]|[\s\\]+')


class Fingerprint(NamedTuple):
    """digest: 16 hex digits.  ref: eight letters, for people."""

    digest: str
    ref: str


class FingerprintKey(NamedTuple):
    """The installation's key (32 random bytes): fingerprints of two installations cannot be compared."""

    key: bytes

    def __repr__(self) -> str:
        return "FingerprintKey(...)"

    def of(self, secret: bytes) -> Fingerprint:
        """The same for every spelling of line ends and escapes, so that a text copy gets the REF of its original."""
        mac = blake2b(_separators.sub(b"", secret), digest_size=8, key=self.key).digest()
        return Fingerprint(hexlify(mac).decode(), reference(mac))


def reference(digest: bytes) -> str:
    """Eight base32 letters from the first five bytes."""
    number = int.from_bytes(digest[:5], "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5))


def event_reference(instance: str, sequence: int) -> str:
    """The REF of a refusal that no secret caused: unique by instance and place in its journal."""
    return reference(blake2b(f"{instance}/{sequence}".encode(), digest_size=8).digest())
