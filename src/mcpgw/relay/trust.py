"""An entry of a shared project file is looked at before its server starts: what nobody approved is withheld.

Only such entries pay for this; for all others nothing here is imported.
"""

from __future__ import annotations

import contextlib
import os

from mcpgw.audit.diagnostics import escape_controls
from mcpgw.audit.record import Record, deed
from mcpgw.policy.snapshot import SnapshotUnusable, load
from mcpgw.registry.source import NEVER_APPROVED, Cause, change_of_binary, change_of_words
from mcpgw.relay.child import working_directory
from mcpgw.state.trust import TrustUnreadable, digest_of, fits, read_approval, trust_ref
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.audit.diagnostics import Diagnostics
    from mcpgw.paths import StateLayout
    from mcpgw.relay.arguments import Arguments
    from mcpgw.relay.recorder import Recorder
    from mcpgw.state.instance import Instance

START = "server/start"  # the method under which the journal has it; no frame has it
MAX_SHOWN_NAME = 60


class Doubt(NamedTuple):
    """Why a start is not as approved.

    server: its name, fit to be shown.  what: the difference, without a value.  ref: what a person reviews.
    withheld: the server is not started for it; else it is started, recorded and alerted.
    """

    server: str
    what: str
    ref: str
    withheld: bool

    @property
    def message(self) -> str:
        fate = "was not started" if self.withheld else "was started all the same"
        return f"the server {self.server} {fate}: {self.what}"


def examine(layout: StateLayout, arguments: Arguments) -> Doubt | None:
    """What is wrong with starting this server here and now; None when it is as approved.

    `observe` starts it whatever it finds. Where no policy can be loaded nothing says that it would only observe.
    """
    doubt = _examine(layout, arguments)
    if doubt is not None and doubt.withheld and not _enforces(layout, arguments):
        return doubt._replace(withheld=False)
    return doubt


def announce(doubt: Doubt, recorder: Recorder, instance: Instance | None, diagnostics: Diagnostics) -> None:
    """Tells the person, the journal and `status`."""
    tell = diagnostics.error if doubt.withheld else diagnostics.warning
    tell("server-withheld" if doubt.withheld else "server-not-approved", message=doubt.message)
    diagnostics.to_people(f"  next: `mcpgw review show {doubt.ref}` says more\n".encode())
    with contextlib.suppress(OSError):  # the recorder has said so; a withheld server does nothing unrecorded
        recorder.append(_record(doubt))
    if doubt.withheld and instance is not None:
        instance.set_state("failed", doubt.message)
        recorder.resting = ("failed", doubt.message)


def _examine(layout: StateLayout, arguments: Arguments) -> Doubt | None:
    entry, argv = arguments.entry or "", arguments.server
    server = escape_controls(arguments.name)[:MAX_SHOWN_NAME]
    as_started = trust_ref(entry, digest_of("argv", *argv))
    try:
        approval = read_approval(layout, entry)
    except TrustUnreadable as fault:
        return Doubt(server, str(fault), as_started, withheld=True)
    if approval is None:
        return Doubt(server, NEVER_APPROVED, as_started, withheld=True)
    change = change_of_words(layout, approval)
    if change is None and not fits(approval.words, argv):
        return Doubt(server, "its client starts it with other words than were approved", as_started, withheld=True)
    search = os.environ.get("PATH", os.defpath)
    change = change or change_of_binary(approval, argv[0], search=search, cwd=working_directory())
    if change is None:
        return None
    withheld = change.cause is not Cause.BINARY or change.in_project
    return Doubt(server, change.text, change.ref, withheld)


def _enforces(layout: StateLayout, arguments: Arguments) -> bool:
    try:
        return load(layout, entry=arguments.entry, name=arguments.name).policy.enforces
    except SnapshotUnusable:
        return True


def _record(doubt: Doubt) -> Record:
    return deed(START, "block" if doubt.withheld else "alert", doubt.what, doubt.ref)
