"""The launcher is absolute and isolated: no entry's environment and no moved virtual environment breaks it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from string import Template

from mcpgw.errors import EnvironmentFault
from mcpgw.files import PRIVATE_DIR_MODE, PRIVATE_FILE_MODE, make_private_dir, read_bytes, write_atomic
from mcpgw.installers.rollback_source import rollback_source
from mcpgw.installers.runtime import ensure_runtime, package_dir, sweep_runtimes
from mcpgw.paths import StateLayout

# Kernels before 5.1 cut the first line off at 127 bytes.
_LONGEST_INTERPRETER = 120
_ISOLATED = "-IS"

_LAUNCHER = Template('''\
$first_line
"""Written by `mcpgw install`; it is written anew by every install."""
import sys

ROOT = $root
RUNTIME = $runtime
PACKAGE = $package


def cold():
    """Everything but the data plane runs in the environment that mcpgw was installed in."""
    import json
    import os

    try:
        with open(ROOT + "/runtime/cold.json", encoding="utf-8") as file:
            argv = [*json.load(file), "mcpgw", *sys.argv[1:]]
        os.stat(PACKAGE)
        os.execv(argv[0], argv)
    except (OSError, ValueError):
        sys.stderr.write(
            "mcpgw: the environment that mcpgw was installed in is gone; routed servers go on working\\n"
            "  next: install mcpgw-gateway again, or take it off with " + ROOT + "/bin/mcpgw-rollback\\n"
        )
        sys.exit(6)


if len(sys.argv) > 1 and sys.argv[1] in ("run", "stdio"):
    sys.path.insert(0, RUNTIME)
    from mcpgw.__main__ import main_relay

    main_relay(root=ROOT)
else:
    cold()
''')


def ensure_launcher(layout: StateLayout) -> bool:
    """Writes runtime, launcher, cold command and rollback script where they differ; whether anything did.

    Raises EnvironmentFault; the launcher that was there then still works.
    """
    try:
        make_private_dir(layout.root)
        make_private_dir(layout.bin_dir)
        runtime = ensure_runtime(layout)
        written = [
            _written(layout.cold_command, cold_command(), PRIVATE_FILE_MODE),
            _written(layout.launcher, launcher_source(layout, runtime, interpreter()), PRIVATE_DIR_MODE),
            _written(layout.rollback_script, rollback_script(interpreter()), PRIVATE_DIR_MODE),
        ]
        sweep_runtimes(layout, keep=runtime)
    except OSError as error:
        raise EnvironmentFault(
            f"the state directory {layout.root} cannot be written: {error.strerror}",
            "Make room or give the right to write there, or set MCPGW_HOME to another directory.",
        ) from error
    return any(written)


def interpreter() -> str:
    """The real interpreter below any virtual environment, links resolved: it does not move with the environment."""
    base: str = getattr(sys, "_base_executable", "") or sys.executable
    return os.path.realpath(base)


def cold_command() -> bytes:
    """The argv prefix that starts the cold side; `-I` keeps the caller's environment out."""
    return json.dumps([sys.executable, "-I", "-m"]).encode() + b"\n"


def launcher_source(layout: StateLayout, runtime: str, python: str) -> bytes:
    """The launcher's text, with all its paths baked in."""
    text = _LAUNCHER.substitute(
        first_line=first_line(python),
        root=ascii(layout.root),
        runtime=ascii(runtime),
        package=ascii(os.path.join(package_dir(), "__main__.py")),
    )
    return os.fsencode(text)


def rollback_script(python: str) -> bytes:
    """The stand-alone rollback script: one file, standard library only."""
    return os.fsencode(f"{first_line(python)}\n{rollback_source()}")


def first_line(python: str) -> str:
    """The line that starts `python` isolated; for a path that a `#!` line cannot hold, a shell does it.

    To the shell the quotes are an empty word and `:`, to Python they open a string that ends behind the exec line.
    """
    if not any(character.isspace() for character in python) and len(os.fsencode(python)) <= _LONGEST_INTERPRETER:
        return f"#!{python} {_ISOLATED}"
    return f"#!/bin/sh\n''':'\nexec {shlex.quote(python)} {_ISOLATED} \"$0\" \"$@\"\n'''"


def _written(path: str, content: bytes, mode: int) -> bool:
    """Whether it had to be written."""
    try:
        if read_bytes(path) == content and os.stat(path).st_mode & 0o777 == mode:
            return False
    except FileNotFoundError:
        pass
    write_atomic(path, content, mode=mode)
    return True
