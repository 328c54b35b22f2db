"""The one place that says where the state directory is; it never creates it."""

import os
import sys
from collections.abc import Mapping

import platformdirs

from mcpgw.errors import ConfigFault, McpgwError
from mcpgw.paths import StateLayout

HOME_VARIABLE = "MCPGW_HOME"


def state_root(environ: Mapping[str, str]) -> str:
    """Absolute path of the state directory: `MCPGW_HOME`, else the platform's data directory for `mcpgw`.

    Raises ConfigFault when `MCPGW_HOME` is not absolute: a relative one would change with the working directory; and
    when the path is not UTF-8: no client's config could name the launcher.
    """
    chosen = environ.get(HOME_VARIABLE, "")
    if chosen and not os.path.isabs(chosen):
        raise ConfigFault(
            f"{HOME_VARIABLE} is not an absolute path",
            f"Set {HOME_VARIABLE} to an absolute path, or unset it.",
        )
    root = os.path.normpath(chosen or platformdirs.user_data_dir("mcpgw", appauthor=False))
    try:
        os.fsencode(root).decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigFault(
            "the path of the state directory is not UTF-8, so no client's config can name it",
            f"Set {HOME_VARIABLE} to a directory whose path is UTF-8.",
        ) from None
    return root


def prepare_ad_hoc(environ: Mapping[str, str]) -> str:
    """The state directory for `run` without an installed entry, with a policy compiled where there is none yet.

    A policy that does not compile is no end: the gateway then answers the handshake and refuses calls. Ends the
    process with two lines on stderr where the directory itself cannot be told.
    """
    try:
        root = state_root(environ)
    except ConfigFault as fault:
        _say(fault)
        raise SystemExit(int(fault.exit_code)) from None
    if not os.path.exists(StateLayout(root).policy_current):
        # Imported only here: what is compiled already starts without pydantic.
        from mcpgw.config.compile import compile_policy

        try:
            compile_policy(StateLayout(root))
        except McpgwError as fault:
            _say(fault)
    return root


def _say(fault: McpgwError) -> None:
    sys.stderr.write(f"mcpgw: {fault.message}\n  next: {fault.next_step}\n")
