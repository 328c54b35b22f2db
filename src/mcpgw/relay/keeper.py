"""Everything about an instance that is no byte of its session: policy, status record, control file, the last stderr."""

from __future__ import annotations

import os

from mcpgw.files import PRIVATE_FILE_MODE, write_all
from mcpgw.policy.redact import mask, splice
from mcpgw.state.control import Control
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.audit.diagnostics import Diagnostics
    from mcpgw.gateway.effects import Effect, Standing
    from mcpgw.gateway.lasting import Lasting
    from mcpgw.gateway.withheld import Withheld
    from mcpgw.relay.child import Child
    from mcpgw.relay.freshness import PolicyWatch
    from mcpgw.relay.judging import Judging
    from mcpgw.relay.recorder import Recorder
    from mcpgw.state.instance import Instance

# In the order of gravity: what a person should hear of at once.
_TOLD = {"failed": "error", "backoff": "warning", "degraded": "warning"}


class Surroundings(NamedTuple):
    """What a keeper keeps. instance: None where the state directory cannot be written."""

    watch: PolicyWatch
    judging: Judging
    instance: Instance | None
    recorder: Recorder
    diagnostics: Diagnostics


class Keeper:
    """spawn: starts the server again; raises StartFailed."""

    def __init__(self, around: Surroundings, session: Lasting | Withheld, spawn: Callable[[], Child]) -> None:
        self._around = around
        self._session = session
        self._spawn = spawn
        instance = around.instance
        self._control = Control(around.watch.layout, instance.id) if instance else None
        self._client_known = False
        self._state = ""
        self._apply_policy()

    def is_stale(self, now: float) -> bool:
        """Whether `before_frames` has something to do."""
        return self._around.watch.is_stale(now) or not self._client_known

    def before_frames(self, now: float) -> None:
        """Ahead of the frames of one read: a new policy is in force from here on."""
        around = self._around
        if around.watch.check(now):
            self._session.adopt(around.judging.by(around.watch.snapshot))
            self._apply_policy()
        if not self._client_known and self._session.client is not None and around.instance is not None:
            self._client_known = True
            name, version = self._session.client
            around.instance.describe(client=name, client_version=version)

    def woken(self, now: float) -> list[Effect]:
        """Someone wrote to the FIFO: the policy or the control file changed."""
        self.before_frames(now)
        asked = self._control is not None and self._control.restart_asked()
        return self._session.restart(now=now) if asked else []

    def stands(self, standing: Standing) -> None:
        """Shows where the server stands."""
        state, reason = standing
        self._around.recorder.stands(state, reason)
        level = _TOLD.get(state)
        if level is not None and state != self._state:
            tell = self._around.diagnostics.error if level == "error" else self._around.diagnostics.warning
            tell(f"server-{state}", message=reason)
        self._state = state

    def start_again(self) -> Child:
        """Raises StartFailed."""
        child = self._spawn()
        if self._around.instance is not None:
            self._around.instance.restart()
            self._around.instance.describe(server_pid=child.pid)
        return child

    def ended(self, stderr: bytes) -> None:
        """Keeps the end of a server's stderr for `mcpgw why`, found secrets masked: unlooked-at, nothing is kept."""
        snapshot, instance = self._around.watch.snapshot, self._around.instance
        if snapshot is None or instance is None:
            return
        found = snapshot.detector.inspect_text(stderr)
        masked = splice(stderr, [(start, end, mask(stderr[start:end]).encode()) for _, start, end in found])
        try:
            _write(self._around.watch.layout.stderr_file(instance.id), masked)
        except OSError as error:
            self._around.diagnostics.info("stderr-not-kept", cause=error.strerror or "")

    def _apply_policy(self) -> None:
        instance, snapshot = self._around.instance, self._around.watch.snapshot
        if snapshot is None:
            return
        self._around.recorder.settle(snapshot.policy.audit_fsync)
        if instance is not None:
            instance.describe(policy=snapshot.digest, profile=snapshot.policy.profile)


def _write(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE_MODE)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)
