"""Each line of a journal holds the hash of the one before it: what was changed, cut out or put in does not add up."""

from __future__ import annotations

try:
    from mcpgw._native import digest as _digest
except ImportError:  # not built
    try:
        from _sha2 import sha256  # type: ignore[import-not-found]  # hashlib would load OpenSSL: 4 MB in every gateway
    except ImportError:  # before Python 3.12
        from _sha256 import sha256  # type: ignore[import-not-found]

    def _digest(head: bytes, body: bytes, /) -> str:
        text: str = sha256(head + body).hexdigest()
        return text


GENESIS = "0" * 64
_PREV = b',"prev":"'
_HASH = b'","hash":"'
_END = b'"}'
_TAIL_BYTES = len(_PREV) + 64 + len(_HASH) + 64 + len(_END)


class ChainBroken(ValueError):
    """A line does not follow from the one before it, or was changed."""


def seal(body: bytes, prev: str) -> tuple[bytes, str]:
    """The journal line for `body` (a JSON object without its closing brace) and its hash.

    hash = SHA-256 over the previous hash in hex, a line feed and the body.
    """
    before = prev.encode()
    digest = _digest(before + b"\n", body)
    return b"".join((body, _PREV, before, _HASH, digest.encode(), _END, b"\n")), digest


def check(line: bytes, prev: str) -> str:
    """The hash of `line` (with or without its line feed). Raises ChainBroken."""
    line = line.rstrip(b"\n")
    body, tail = line[:-_TAIL_BYTES], line[-_TAIL_BYTES:]
    sealed, digest = seal(body, prev)
    if len(tail) != _TAIL_BYTES or sealed != line + b"\n":
        raise ChainBroken("this line does not follow from the one before it")
    return digest
