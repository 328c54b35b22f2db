"""One scan database for all patterns, keyed by all that it depends on: patterns, engine, version, CPU features."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mcpgw.detect.engine import native_automaton
from mcpgw.detect.pattern import Pattern


def _installed() -> Any:
    """The engine's module; None where it has no wheel: the portable engine gives the same verdicts."""
    try:
        return import_module("hyperscan")
    except ImportError:
        return None


hyperscan = _installed()

Automaton = Callable[[bytes], list[tuple[int, int]]]

# Part of the key: raise it when flags or the meaning of ids change.
_KEY_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Engine:
    """A scan engine. platform: version, CPU features and mode that its databases need. key: of one database."""

    name: str
    version: str = ""
    platform: str = ""
    key: str = ""

    @property
    def plain(self) -> dict[str, str]:
        """As the snapshot holds it."""
        if self.name == "re":
            return {"name": self.name}
        return {"name": self.name, "version": self.version, "platform": self.platform, "key": self.key}


def engine_for(patterns: Sequence[Pattern]) -> Engine:
    """hyperscan where this machine can run it, else `re`."""
    platform = _native_platform()
    if platform is None:
        return Engine("re")
    version = str(hyperscan.__version__)
    triggers = [[*(one.decode("ascii") for one in pattern.triggers), _flags(pattern)] for pattern in patterns]
    parts = json.dumps([_KEY_FORMAT, "hyperscan", version, platform, triggers])
    return Engine("hyperscan", version, platform, hashlib.sha256(parts.encode()).hexdigest())


def compile_database(patterns: Sequence[Pattern]) -> bytes | None:
    """The serialized database; ids are indexes into `patterns`. None where the engine refuses them (see `rejected`)."""
    try:
        serialized: bytes = hyperscan.dumpb(_compile(patterns))
    except hyperscan.error:
        return None
    return serialized


@dataclass(frozen=True, slots=True)
class Ahead:
    """A database under way in a thread: the engine leaves the interpreter to others while it compiles."""

    key: str
    database: Future[bytes | None]


def begin_database(patterns: Sequence[Pattern], key: str) -> Ahead:
    """Begins what `compile_database` does. key: as `engine_for` gives it."""
    pool = ThreadPoolExecutor(1)
    ahead = Ahead(key, pool.submit(compile_database, patterns))
    pool.shutdown(wait=False)
    return ahead


def rejected(patterns: Sequence[Pattern]) -> Iterator[tuple[int, str]]:
    """(index, reason) of each pattern that the native engine does not take; none where it is not there."""
    if _native_platform() is None:
        return
    try:
        _compile(patterns)
        return
    except hyperscan.error:
        yield from _rejected_singly(patterns)


def is_intact(serialized: bytes) -> bool:
    """Whether a stored database still loads here."""
    try:
        hyperscan.loadb(serialized, mode=hyperscan.HS_MODE_BLOCK)
    except hyperscan.error:
        return False
    return True


def native_scanner(pattern: Pattern) -> Automaton | None:
    """A native automaton of one pattern; None where the engine is missing or refuses it."""
    serialized = compile_database([pattern]) if _native_platform() is not None else None
    if serialized is None:
        return None
    database = hyperscan.loadb(serialized, mode=hyperscan.HS_MODE_BLOCK)
    return native_automaton(database, hyperscan.Scratch(database), hyperscan.ScanTerminated)


def _rejected_singly(patterns: Sequence[Pattern]) -> Iterator[tuple[int, str]]:
    for index, pattern in enumerate(patterns):
        try:
            _compile([pattern])
        except hyperscan.error as error:
            yield index, str(error).rstrip(".")


def _compile(patterns: Sequence[Pattern]) -> Any:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    triggers = [(trigger, index, _flags(each)) for index, each in enumerate(patterns) for trigger in each.triggers]
    expressions, ids, flags = map(list, zip(*triggers, strict=True))
    database.compile(expressions=expressions, ids=ids, flags=flags, elements=len(triggers))
    return database


def _flags(pattern: Pattern) -> int:
    # Every end is reported (no SINGLEMATCH): a frame may hold a rule's match more than once.
    caseless: int = hyperscan.HS_FLAG_CASELESS if pattern.caseless else 0
    return caseless | int(hyperscan.HS_FLAG_DOTALL)


def _native_platform() -> str | None:
    """What a database compiled here needs, as the engine itself says it of a small one; None without the engine."""
    if hyperscan is None:
        return None
    probe = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        probe.compile(expressions=[b"mcpgw"], ids=[0], flags=[0], elements=1)
    except hyperscan.error:
        return None  # a CPU below what the engine needs
    return str(probe.info().decode("ascii", "replace"))
