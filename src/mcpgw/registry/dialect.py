"""How one client reads the value of an entry: the names of its keys are data, what they mean is the same for all.

A value that the client would skip is INVALID and says why; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mcpgw.registry.document import Shape
from mcpgw.registry.entry import Standing, Transport

# What an entry starts, as it stands in the file: the executable and its arguments, not yet checked.
Words = tuple[Any, Any]
Switch = tuple[str, bool, Standing]

DISABLED: Switch = ("disabled", True, Standing.DISABLED)
NOT_ENABLED: Switch = ("enabled", False, Standing.DISABLED)
REMOTE = {"http": Transport.HTTP, "streamable-http": Transport.HTTP, "sse": Transport.SSE}


def apart(value: Mapping[str, Any]) -> Words:
    """As nearly all clients have it: `"command": "npx", "args": ["-y", "server"]`."""
    return value.get("command"), value.get("args", [])


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One client's words.

    types: what its `type` stands for.  closed: it goes by the type and skips an entry of any other; an open one goes
    by the keys and asks the type only what kind of address it is.  urls: the keys that hold an address, and the
    transport of each where no type says it; INVALID where the client skips such an entry, `no_remote` says why.
    env: the key of the environment, and `env_values` the types that may stand in it.
    switches: a key, its value, and the standing that this gives.  provided: marks entries whose command an extension
    brings.
    """

    types: Mapping[str, Transport] = field(default_factory=dict)
    closed: bool = False
    urls: Mapping[str, Transport] = field(default_factory=lambda: {"url": Transport.HTTP})
    no_remote: str = ""
    words: Callable[[Mapping[str, Any]], Words] = apart
    env: str = "env"
    env_values: tuple[type, ...] = (str,)
    switches: tuple[Switch, ...] = ()
    provided: str | None = None

    @property
    def shape(self) -> Shape:
        """A key that decides what is started may not stand twice: readers would differ on which one counts."""
        return Shape(dict.fromkeys(("command", "args", "type", self.env, *self.urls)))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one entry's value says. standing: only where a switch in it says so."""

    transport: Transport
    command: str | None = None
    args: tuple[str, ...] | None = None
    env_keys: tuple[str, ...] = ()
    url: str | None = None
    note: str | None = None
    standing: Standing | None = None


CLAUDE_CODE = Dialect(
    types={"stdio": Transport.STDIO, "ws": Transport.WS} | REMOTE,
    closed=True,
    urls={"url": Transport.INVALID},
    no_remote="it has a url but no type",
)
# Commands and addresses are told apart by their keys, as most clients do; `type` only says what kind of address it is.
BY_KEYS = Dialect(types=REMOTE)


def meaning(value: Any, dialect: Dialect) -> Meaning:
    """What the client makes of the value."""
    if not isinstance(value, dict):
        return _skipped("it is not an object")
    transport = _transport(value, dialect)
    if transport is None:
        return _skipped("its type is not known")
    found = _local(value, dialect) if transport is Transport.STDIO else _remote(value, dialect, transport)
    env = value.get(dialect.env)
    return replace(found, env_keys=tuple(env) if isinstance(env, dict) else (), standing=_switched(value, dialect))


def _skipped(why: str) -> Meaning:
    return Meaning(Transport.INVALID, note=why)


def _transport(value: Mapping[str, Any], dialect: Dialect) -> Transport | None:
    """None for a type that makes the client skip the entry."""
    kind = value.get("type")
    typed = dialect.types.get(kind) if isinstance(kind, str) else None
    if dialect.closed and kind is not None:
        return typed
    if "command" in value:
        return Transport.STDIO
    keyed = next((transport for key, transport in dialect.urls.items() if key in value), Transport.STDIO)
    return keyed if keyed is Transport.STDIO else typed or keyed


def _remote(value: Mapping[str, Any], dialect: Dialect, transport: Transport) -> Meaning:
    if transport is Transport.INVALID:
        return _skipped(dialect.no_remote)
    url = next((value[key] for key in dialect.urls if isinstance(value.get(key), str)), None)
    return _skipped("it has no url") if url is None else Meaning(transport, url=url)


def _local(value: Mapping[str, Any], dialect: Dialect) -> Meaning:
    if "command" not in value:
        if dialect.provided is not None and dialect.provided in value:
            return Meaning(Transport.STDIO, note="its command comes from an extension")
        return _skipped("it has no command")
    command, args = dialect.words(value)
    fault = _fault(command, args, value.get(dialect.env, {}), dialect)
    if fault is not None:
        return _skipped(fault)
    return Meaning(Transport.STDIO, command, tuple(args) if args or "args" in value else None)


def _fault(command: Any, args: Any, env: Any, dialect: Dialect) -> str | None:
    if not isinstance(command, str) or not command:
        return "its command is not a non-empty string"
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        return "its args are not a list of strings"
    if not isinstance(env, dict) or not all(isinstance(each, dialect.env_values) for each in env.values()):
        return f"its {dialect.env} is not an object of strings"
    return None


def _switched(value: Mapping[str, Any], dialect: Dialect) -> Standing | None:
    return next((standing for key, wanted, standing in dialect.switches if value.get(key) is wanted), None)
