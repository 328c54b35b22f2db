"""What a person approved of an entry in a shared project file: read and compared word for word, never guessed.

Values of environment variables are not kept, only their names; arguments can hold secrets, so the files are 0600.
"""

from __future__ import annotations

import json
import os
import re
from _blake2 import blake2b  # as policy.fingerprint: hashlib would load OpenSSL
from binascii import hexlify

from mcpgw.files import make_private_dir, read_bytes, write_atomic
from mcpgw.policy.fingerprint import reference
from mcpgw.state.binary import Binary
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mcpgw.paths import StateLayout

VERSION = 1
# What clients replace before they start a server: `${VAR}`, `${VAR:-default}`, `${env:VAR}`, `${workspaceFolder}`.
_placeholder = re.compile(r"\$\{[^{}]*\}")


class TrustUnreadable(Exception):
    """A record is there that this version cannot read. The text says why, in one line."""


class Words(NamedTuple):
    """What an entry says literally, before the client replaces anything. env_keys: sorted names, no values."""

    command: str
    args: tuple[str, ...]
    env_keys: tuple[str, ...]

    @property
    def digest(self) -> str:
        return digest_of("words", self.command, *self.args, "", *self.env_keys)


# What is approved of an entry that was denied before anything of it was approved. No server starts with these.
NOTHING = Words("", (), ())


class Approval(NamedTuple):
    """One entry of a shared project file, as approved.

    config_file: as the client names it.  container: the keys that lead to the object with the servers.  syntax: of
    that file.  kind: "edit" (the entry itself is routed) or "shadow" (a private entry of the same name is).
    project: the directory that the file is shared in.  binary: None where the command led to no file.
    approved_at: epoch seconds.  denied: the digest of a later content that a person denied.
    """

    entry_id: str
    config_file: str
    container: tuple[str, ...]
    name: str
    syntax: str
    kind: str
    project: str
    words: Words
    binary: Binary | None
    approved_at: float
    denied: str | None = None


def digest_of(*parts: str) -> str:
    """32 hex digits over texts, each with its length, so that no two lists of texts run together."""
    state = blake2b(digest_size=16)
    for part in parts:
        content = part.encode("utf-8", "surrogatepass")
        state.update(b"%d:%b" % (len(content), content))
    return hexlify(state.digest()).decode()


def trust_ref(entry_id: str, digest: str) -> str:
    """The REF of one content of one entry: another content has another REF, so an approval never covers it."""
    return reference(bytes.fromhex(digest_of(entry_id, digest)))


def differing(approved: Words, found: Words) -> tuple[str, ...]:
    """Which of `command`, `args` and `env` are not as approved."""
    pairs = zip(("command", "args", "env"), approved, found, strict=True)
    return tuple(name for name, before, now in pairs if before != now)


def fits(words: Words, argv: Sequence[str]) -> bool:
    """Whether `argv` is these words after a client has replaced its placeholders; anything else is exact."""
    literals = (words.command, *words.args)
    return len(literals) == len(argv) and all(map(_fits, literals, argv))


def _fits(literal: str, given: str) -> bool:
    head, *pieces = _placeholder.split(literal)
    if not pieces:
        return literal == given
    tail = pieces.pop()
    at, end = len(head), len(given) - len(tail)
    if end < at or not given.startswith(head) or not given.endswith(tail):
        return False
    for piece in pieces:
        at = given.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def read_approval(layout: StateLayout, entry_id: str) -> Approval | None:
    """The record of an entry, None where there is none. Raises TrustUnreadable."""
    approval = _read(_file_of(layout, entry_id))
    return approval if approval is not None and approval.entry_id == entry_id else None


def read_approvals(layout: StateLayout) -> tuple[Approval, ...]:
    """Every record, by entry id. Raises TrustUnreadable."""
    try:
        names = os.listdir(layout.trust_dir)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    found = [_read(f"{layout.trust_dir}/{name}") for name in names if name.endswith(".json")]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.entry_id))


def write_approval(layout: StateLayout, approval: Approval) -> None:
    """Replaces the entry's record. Raises OSError."""
    plain = {"v": VERSION, **approval._asdict(), "words": approval.words._asdict()}
    plain["binary"] = approval.binary and approval.binary._asdict()
    make_private_dir(layout.trust_dir)
    write_atomic(_file_of(layout, approval.entry_id), json.dumps(plain, indent=1).encode() + b"\n")


def remove_approval(layout: StateLayout, entry_id: str) -> None:
    """Removes the entry's record, if there is one. Raises OSError."""
    try:
        os.unlink(_file_of(layout, entry_id))
    except FileNotFoundError:
        return


def _file_of(layout: StateLayout, entry_id: str) -> str:
    """By digest: an entry id can be longer than a file name may be."""
    return f"{layout.trust_dir}/{digest_of(entry_id)}.json"


def _read(path: str) -> Approval | None:
    try:
        return _decode(read_bytes(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TrustUnreadable(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TrustUnreadable(f"{path} is no trust record of format {VERSION} ({type(error).__name__})") from None


def _decode(content: bytes) -> Approval:
    plain: dict[str, Any] = json.loads(content)
    if plain["v"] != VERSION:
        raise ValueError("another format")
    binary = plain["binary"]
    return Approval(
        entry_id=str(plain["entry_id"]),
        config_file=str(plain["config_file"]),
        container=_texts(plain["container"]),
        name=str(plain["name"]),
        syntax=str(plain["syntax"]),
        kind=str(plain["kind"]),
        project=str(plain["project"]),
        words=Words(str(plain["words"]["command"]), _texts(plain["words"]["args"]), _texts(plain["words"]["env_keys"])),
        binary=None if binary is None else Binary(*(binary[field] for field in Binary._fields)),
        approved_at=float(plain["approved_at"]),
        denied=plain["denied"],
    )


def _texts(plain: list[Any]) -> tuple[str, ...]:
    return tuple(map(str, plain))
