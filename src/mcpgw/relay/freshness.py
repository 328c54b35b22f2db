"""Keeps the policy fresh: one fstat a message, paths once a second, and a compile in another process."""

from __future__ import annotations

import json
import os

from mcpgw.files import read_bytes
from mcpgw.policy.snapshot import Snapshot, SnapshotUnusable, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.audit.diagnostics import Diagnostics
    from mcpgw.paths import StateLayout

PATHS_EVERY_SECONDS = 1.0
COMPILER = "mcpgw.config.compile"
# The compiler needs no more of the environment; the entry's own env could poison it.
COMPILER_ENVIRONMENT = ("HOME", "PATH", "LANG", "LC_ALL")


try:
    from mcpgw._native import mark as _mark  # os.fstat takes three times as long, at every message
except ImportError:  # not built

    def _mark(descriptor: int, /) -> tuple[int, int, int]:
        """Another one for each file, and for the same one once it is touched, replaced or removed."""
        found = os.fstat(descriptor)
        return found.st_nlink, found.st_mtime_ns, found.st_ino


class PolicyWatch:
    """The snapshot in force for one entry. `snapshot` is None while none can be loaded.

    cold: the argv prefix that starts the cold side, where it is known; else the installed one (paths.cold_command).
    """

    def __init__(
        self,
        layout: StateLayout,
        entry: str | None,
        name: str,
        diagnostics: Diagnostics,
        *,
        cold: tuple[str, ...] = (),
    ) -> None:
        self._cold = cold
        self.layout = layout
        self._entry = entry
        self._name = name
        self._diagnostics = diagnostics
        # `policy/current` as it was opened last, held open: once it is replaced it has no link any more.
        self._current = -1
        self._seen: tuple[int, int, int] | None = None
        self._next_look = 0.0
        self._compiler = 0
        self._asked_for: tuple[object, ...] | None = None
        self.snapshot: Snapshot | None = None

    def check(self, now: float) -> bool:
        """Whether another snapshot came into force. now: monotonic seconds."""
        if now < self._next_look:
            return self._is_replaced() and self._follow_current()
        self._next_look = now + PATHS_EVERY_SECONDS
        changed = self._follow_current()
        self._look_at_sources()
        return changed

    def is_stale(self, now: float) -> bool:
        """Whether `check` has something to do."""
        return now >= self._next_look or self._is_replaced()

    def _is_replaced(self) -> bool:
        return self._current < 0 or _mark(self._current) != self._seen

    def _follow_current(self) -> bool:
        try:
            opened = os.open(self.layout.policy_current, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False  # the last good one stays
        if self._current >= 0:
            os.close(self._current)
        self._current, before = opened, self._seen
        self._seen = _mark(opened)
        return self._seen != before and self._load()

    def _load(self) -> bool:
        try:
            loaded = load(self.layout, entry=self._entry, name=self._name)
        except SnapshotUnusable as reason:
            kept = "the one before stays in force" if self.snapshot else "calls are refused"
            self._diagnostics.error("policy-unusable", message=f"{reason}; {kept}")
            return False
        self._diagnostics.keep_from(loaded.log_level)
        if loaded.degraded:
            self._diagnostics.warning("engine-degraded", message=loaded.degraded)
        self.snapshot = loaded
        return True

    def _look_at_sources(self) -> None:
        self._reap()
        if self._compiler:
            return
        found = None if self.snapshot is None else tuple(map(_state_of, (s.path for s in self.snapshot.sources)))
        compiled = None if self.snapshot is None else tuple((s.size, s.mtime_ns) for s in self.snapshot.sources)
        if found is not None and found == compiled:
            self._asked_for = None
            return
        wanted = found or ("none",)
        if wanted != self._asked_for:  # asked once for each state of the sources: a broken file is not compiled again
            self._asked_for = wanted
            self._compile()

    def _compile(self) -> None:
        """Starts the cold side. One process compiles, under a lock; the result shows in `policy/current`."""
        try:
            prefix = self._cold or json.loads(read_bytes(self.layout.cold_command))
            argv = [*map(str, prefix), COMPILER, self.layout.root]
            environment = {key: os.environ[key] for key in COMPILER_ENVIRONMENT if key in os.environ}
            quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
            self._compiler = os.posix_spawn(argv[0], argv, environment, file_actions=quiet, setpgroup=0)
        except (OSError, ValueError, TypeError) as error:
            self._diagnostics.warning(
                "compiler-missing",
                message="the policy's sources changed, but mcpgw itself is not there to compile them; "
                "the policy before stays in force",
                cause=type(error).__name__,
            )

    def _reap(self) -> None:
        if self._compiler:
            pid, _ = os.waitpid(self._compiler, os.WNOHANG)
            if pid:
                self._compiler = 0


def _state_of(path: str) -> tuple[int | None, int | None]:
    try:
        found = os.stat(path)
    except OSError:
        return None, None
    return found.st_size, found.st_mtime_ns
