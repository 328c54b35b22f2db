"""`mcpgw run`: spawn first, load after. Importing this module loads no more than it takes to start a child."""

from __future__ import annotations

import os
import sys
import time

from mcpgw.relay.arguments import USAGE, Arguments, BadArguments, parse_arguments
from mcpgw.relay.child import (
    Child,
    StartFailed,
    confirm_start,
    describe_exit,
    end_by_signal,
    end_like,
    spawn,
    stand_in,
    working_directory,
)
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from mcpgw.audit.diagnostics import Diagnostics
    from mcpgw.gateway.judging import Judge
    from mcpgw.gateway.lasting import Lasting
    from mcpgw.gateway.withheld import Withheld
    from mcpgw.paths import StateLayout
    from mcpgw.policy.snapshot import Snapshot
    from mcpgw.relay.freshness import PolicyWatch
    from mcpgw.relay.recorder import Recorder
    from mcpgw.relay.trust import Doubt
    from mcpgw.state.instance import Instance

EXIT_USAGE = 2
EXIT_ENVIRONMENT = 6
SHARED_SCOPE = ":project@"  # in the id of an entry of a shared project file; a name has its colons encoded
KEEP_DEAD_INSTANCES_SECONDS = 7 * 86400  # `status` says of a week what ran and how it ended


class Start(NamedTuple):
    """child: the server on its way, or its stand-in where it is withheld.  doubt: what is not as approved."""

    child: Child
    doubt: Doubt | None
    withheld: bool


def run(argv: list[str], *, root: str, baked: bool) -> NoReturn:
    """Runs one server behind a gateway instance, and ends as the server ended.

    root: the state directory.  baked: it stands in an installed launcher, which runs without mcpgw's own environment.
    """
    try:
        arguments = parse_arguments(argv)
    except BadArguments as reason:
        _say(f"mcpgw: {reason}\n  next: {USAGE}")
        sys.exit(EXIT_USAGE)
    if os.name != "posix":
        _say("mcpgw: running servers is not supported on this platform yet\n  next: see docs/platforms.md")
        sys.exit(EXIT_ENVIRONMENT)
    _fill_standard_descriptors()
    start = _start(arguments, root)
    _serve(arguments, start, root, cold=() if baked else (sys.executable, "-I", "-m"))


def _start(arguments: Arguments, root: str) -> Start:
    """Starts the server; what comes from a file that other people share is looked at first."""
    doubt = _doubt(arguments, root)
    withheld = doubt is not None and doubt.withheld
    return Start(stand_in() if withheld else spawn(arguments.server, root), doubt, withheld)


def _doubt(arguments: Arguments, root: str) -> Doubt | None:
    if arguments.entry is None or SHARED_SCOPE not in arguments.entry:
        return None
    from mcpgw.paths import StateLayout
    from mcpgw.relay.trust import examine

    return examine(StateLayout(root), arguments)


def _fill_standard_descriptors() -> None:
    """A client that closed one of 0, 1, 2 must not get a pipe of ours in its place."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one


def _serve(arguments: Arguments, start: Start, root: str, *, cold: tuple[str, ...]) -> NoReturn:
    """Loads the rest while the server boots, pumps, and leaves nothing open."""
    from mcpgw.audit.diagnostics import Diagnostics
    from mcpgw.audit.journal import Journal
    from mcpgw.paths import StateLayout
    from mcpgw.relay.freshness import PolicyWatch
    from mcpgw.relay.recorder import Recorder

    layout = StateLayout(root)
    diagnostics = Diagnostics(layout, arguments.entry or arguments.name)
    instance = _open_instance(layout, arguments, start.child, diagnostics)
    recorder = Recorder(
        lambda: Journal.open(layout, instance.id if instance else f"pid-{os.getpid()}", now=time.time()),
        instance,
        diagnostics,
        server=arguments.name,
        entry=arguments.entry or "",
    )
    try:
        confirm_start(start.child, arguments.server[0])
    except StartFailed as failure:
        diagnostics.error("server-not-started", message=str(failure))
        _close(instance, recorder, "failed", str(failure))
        sys.exit(failure.exit_code)
    if start.doubt is not None:
        from mcpgw.relay.trust import announce

        announce(start.doubt, recorder, instance, diagnostics)
    watch = PolicyWatch(layout, arguments.entry, arguments.name, diagnostics, cold=cold)
    status = _pump(arguments, start, watch, instance, recorder, diagnostics)
    if status < 0:
        _close(instance, recorder, *_outcome(start, f"ended by signal {-status}"))
        end_by_signal(-status)
    diagnostics.info("server-ended", how=describe_exit(status))
    _tidy(layout, watch.snapshot, diagnostics)
    _close(instance, recorder, *_outcome(start, f"the server ended: {describe_exit(status)}"))
    end_like(status)


def _outcome(start: Start, how: str) -> tuple[str, str]:
    """The instance's last state and its reason: what was never started has not stopped."""
    return ("failed", start.doubt.message) if start.doubt and start.withheld else ("stopped", how)


def _pump(
    arguments: Arguments,
    start: Start,
    watch: PolicyWatch,
    instance: Instance | None,
    recorder: Recorder,
    diagnostics: Diagnostics,
) -> int:
    from mcpgw.protocol.framing import DEFAULT_MAX_FRAME_BYTES
    from mcpgw.relay.judging import Judging
    from mcpgw.relay.keeper import Keeper, Surroundings
    from mcpgw.relay.stdio import Pump

    watch.check(time.monotonic())
    judging = Judging(watch.layout, arguments.server)
    session = _session(start, judging.by(watch.snapshot), instance.id if instance else "-")
    around = Surroundings(watch, judging, instance, recorder, diagnostics)
    pump = Pump(
        session,
        recorder,
        start.child,
        max_frame_bytes=watch.snapshot.policy.max_frame_bytes if watch.snapshot else DEFAULT_MAX_FRAME_BYTES,
        wake_fd=instance.wake_fd if instance else None,
        keeper=Keeper(around, session, lambda: _start_again(arguments, watch.layout.root)),
    )
    diagnostics.to_people = pump.say
    return pump.run()


def _session(start: Start, judge: Judge | None, instance: str) -> Lasting | Withheld:
    if start.doubt is not None and start.withheld:
        from mcpgw.gateway.withheld import Withheld

        return Withheld(judge, start.doubt.server, start.doubt.ref)
    from mcpgw.gateway.lasting import Lasting
    from mcpgw.gateway.lifecycle import Lifecycle
    from mcpgw.policy.rule import Upkeep

    upkeep = judge.policy.upkeep if judge else Upkeep()
    return Lasting(judge, instance, Lifecycle(upkeep, lambda: os.urandom(1)[0] / 255), os.urandom(4).hex())


def _start_again(arguments: Arguments, root: str) -> Child:
    """A shared entry is looked at anew: it may have changed while its server ran. Raises StartFailed."""
    doubt = _doubt(arguments, root)
    if doubt is not None and doubt.withheld:
        raise StartFailed(doubt.message, EXIT_ENVIRONMENT)
    child = spawn(arguments.server, root)
    try:
        confirm_start(child, arguments.server[0])
    except StartFailed:
        for descriptor in (child.stdin, child.stdout, child.stderr):
            os.close(descriptor)
        raise
    return child


def _open_instance(
    layout: StateLayout, arguments: Arguments, child: Child, diagnostics: Diagnostics
) -> Instance | None:
    from mcpgw.state.instance import Identity, open_instance

    identity = Identity(
        server=arguments.name,
        entry=arguments.entry or "",
        command=os.path.basename(arguments.server[0]),
        cwd=working_directory(),
        server_pid=child.pid,
    )
    try:
        return open_instance(layout, identity, now=time.time())
    except OSError as error:
        diagnostics.error("state-unwritable", message=f"the state directory cannot be written: {error.strerror}")
        return None


def _close(instance: Instance | None, recorder: Recorder, state: str, reason: str) -> None:
    """Last lines: a disk that is full now must not change how the server's end looks to the client."""
    recorder.close()
    if instance is not None:
        instance.set_state(state, reason)
        instance.close()


def _tidy(layout: StateLayout, snapshot: Snapshot | None, diagnostics: Diagnostics) -> None:
    """At the end of a session that nobody hurries: caps of journals and logs, directories of dead instances."""
    from mcpgw.audit.retention import upkeep
    from mcpgw.state.instance import sweep

    now = time.time()
    try:
        if snapshot is not None:  # without a policy nobody knows the caps: keep everything
            upkeep(layout, now=now, keep_days=snapshot.keep_days, max_bytes=snapshot.max_journal_bytes)
        sweep(layout, now, KEEP_DEAD_INSTANCES_SECONDS)
    except OSError as error:
        diagnostics.warning("upkeep-failed", message=f"old journals were not pruned: {error.strerror}")


def _say(text: str) -> None:
    os.write(2, text.encode("utf-8", "backslashreplace") + b"\n")
