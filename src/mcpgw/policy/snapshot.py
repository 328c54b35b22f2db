"""Reads a compiled snapshot: flat data and a serialized scan database, without pydantic, TOML or a compiler."""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatchcase

from mcpgw.detect.engine import native_automaton, portable_automaton
from mcpgw.detect.pattern import from_plain as pattern_from_plain
from mcpgw.detect.pipeline import Detector
from mcpgw.files import read_bytes
from mcpgw.policy.rule import Policy
from mcpgw.policy.rule import from_plain as policy_from_plain
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mcpgw.detect.engine import Automaton
    from mcpgw.detect.pattern import Pattern
    from mcpgw.paths import StateLayout

FORMAT = 1
HYPERSCAN_BLOCK_MODE = 1
_PACKAGED = "hyperscan._hs_ext"


class SnapshotUnusable(Exception):
    """There is no snapshot, or none that this version can read. The text says why, in one line."""


class Source(NamedTuple):
    """A file the snapshot was compiled from; size and mtime_ns are None where it was absent."""

    path: str
    size: int | None
    mtime_ns: int | None


class Snapshot(NamedTuple):
    """What one instance needs of a snapshot.

    degraded: why the portable engine runs where the fast one should.  log_level: the lowest in the log files.
    keep_days, max_journal_bytes: the caps of the journals.
    """

    digest: str
    policy: Policy
    detector: Detector
    sources: tuple[Source, ...]
    degraded: str | None
    log_level: str
    keep_days: int
    max_journal_bytes: int


def current_digest(layout: StateLayout) -> str:
    """The digest that `policy/current` names. Raises SnapshotUnusable."""
    try:
        digest = read_bytes(layout.policy_current).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise SnapshotUnusable("no compiled policy is there") from None
    if not digest or not all(letter in "0123456789abcdef" for letter in digest):
        raise SnapshotUnusable("the name of the compiled policy cannot be read")
    return digest


def load(layout: StateLayout, *, entry: str | None, name: str) -> Snapshot:
    """The snapshot in force, for an installed entry or a server run by `name`. Raises SnapshotUnusable."""
    digest = current_digest(layout)
    directory = layout.snapshot_dir(digest)
    try:
        plain = json.loads(read_bytes(f"{directory}/snapshot.json"))
        if plain["v"] != FORMAT:
            raise SnapshotUnusable(f"the compiled policy has format {plain['v']}; this version reads {FORMAT}")
        patterns = tuple(map(pattern_from_plain, plain["patterns"]))
        policy = policy_from_plain(plain["policies"][_policy_index(plain, entry, name)])
        sources = tuple(Source(one["path"], one["size"], one["mtime_ns"]) for one in plain["sources"])
        automaton, degraded = _automaton(plain["engine"], f"{directory}/scan.db", patterns)
        level, caps = str(plain["log"]["level"]), plain["journals"]
        keep_days, max_bytes = int(caps["keep_days"]), int(caps["max_bytes"])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise SnapshotUnusable(f"the compiled policy cannot be read ({type(error).__name__})") from None
    return Snapshot(digest, policy, Detector(patterns, automaton), sources, degraded, level, keep_days, max_bytes)


def _policy_index(plain: dict[str, Any], entry: str | None, name: str) -> int:
    """The entry's own policy, else one that names the server, else the default."""
    if entry is not None and entry in plain["entries"]:
        return int(plain["entries"][entry])
    if name in plain["names"]:
        return int(plain["names"][name])
    globs = sorted((glob for glob in plain["names"] if fnmatchcase(name, glob)), key=len)
    return int(plain["names"][globs[-1]] if globs else plain["default"])


def _automaton(engine: dict[str, Any], database: str, patterns: tuple[Pattern, ...]) -> tuple[Automaton, str | None]:
    if engine["name"] != "hyperscan":
        return portable_automaton(patterns), None
    module = _native_module()
    if module is None:
        return portable_automaton(patterns), "the scan engine's library is missing; scanning is slower"
    try:
        loaded = module.loadb(read_bytes(database), HYPERSCAN_BLOCK_MODE)
        return native_automaton(loaded, module.Scratch(loaded), module.ScanTerminated), None
    except module.error as error:
        return portable_automaton(patterns), f"the scan database does not fit this machine ({type(error).__name__})"


def _native_module() -> Any:
    """hyperscan's extension module itself: its package would import `typing`, 5 ms and 1 MB in every gateway."""
    if _PACKAGED in sys.modules:
        return sys.modules[_PACKAGED]
    try:
        import _hs_ext

        return _hs_ext
    except ImportError:
        return _from_package()


def _from_package() -> Any:
    """The module out of an installed `hyperscan` package, for runs without the installed runtime.

    Under the package's own name for it: a second copy would take the first one's exceptions away.
    """
    from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec

    for folder in sys.path:
        for suffix in EXTENSION_SUFFIXES:
            path = f"{folder}/hyperscan/_hs_ext{suffix}"
            loader = ExtensionFileLoader(_PACKAGED, path)
            try:
                spec = ModuleSpec(_PACKAGED, loader, origin=path)
                module = loader.create_module(spec)
                loader.exec_module(module)
            except ImportError:
                continue
            sys.modules[_PACKAGED] = module
            return module
    return None
