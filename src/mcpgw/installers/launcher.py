"""The launcher is absolute and isolated: no entry's environment and no moved virtual environment breaks it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from string import Template

from mcpgw.errors import EnvironmentFault
from mcpgw.files import PRIVATE_DIR_MODE, PRIVATE_FILE_MODE, make_private_dir, read_bytes, write_atomic
from mcpgw.installers.rollback_source import rollback_source
from mcpgw.installers.runtime import ensure_runtime, package_dir, sweep_runtimes
from mcpgw.paths import StateLayout
from mcpgw.version import VERSION

# Kernels before 5.1 cut the first line off at 127 bytes.
_LONGEST_INTERPRETER = 120
_ISOLATED = "-IS"
# What means the same in a `#!` line, between single quotes of a shell and in a Python string.
_NOT_PLAIN = re.compile(rb"[^ -~]|['\\%]")

_LAUNCHER = Template('''\
$first_line
"""Written by `mcpgw install`; it is written anew by every install."""
import os
import sys

VERSION = $version
INTERPRETER = $interpreter
ROOT = $root
RUNTIME = $runtime
PACKAGE = $package


def data_plane():
    """Runs a server. A lock on the runtime, held for life, keeps it from being swept away."""
    import fcntl

    try:
        runtime = os.open(RUNTIME, os.O_RDONLY)
        # Above the standard descriptors: a client may have closed one of them.
        held = fcntl.fcntl(runtime, fcntl.F_DUPFD_CLOEXEC, 3)
        os.close(runtime)
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            pass  # a file system without locks: nothing is swept there
        sys.path.insert(0, RUNTIME)
        sys.dont_write_bytecode = True
        from mcpgw.relay.run import run
    except (OSError, ImportError):
        runtime_gone()
    run(sys.argv[1:], root=ROOT, baked=True)


def runtime_gone():
    """Since this launcher was read an install may have put another here, which names another runtime."""
    launcher = ROOT + "/bin/mcpgw"
    try:
        with open(launcher, "rb") as file:
            if ascii(RUNTIME).encode() not in file.read():
                os.execv(launcher, [launcher, *sys.argv[1:]])
    except OSError:
        pass
    leave("what runs the servers is gone: " + RUNTIME, "run mcpgw install again")


def cold():
    """Everything but the data plane runs in the environment that mcpgw was installed in."""
    import json

    try:
        with open(ROOT + "/runtime/cold.json", encoding="utf-8") as file:
            argv = [*json.load(file), "mcpgw", *sys.argv[1:]]
        os.stat(PACKAGE)
        os.environ.setdefault("MCPGW_HOME", ROOT)
        os.execv(argv[0], argv)
    except (OSError, ValueError):
        leave(
            "the environment that mcpgw was installed in is gone; routed servers go on working",
            "install mcpgw-gateway again",
        )


def leave(what, next_step):
    way_back = ", or take it off with " + ROOT + "/bin/mcpgw-rollback"
    sys.stderr.write("mcpgw: " + what + "\\n  next: " + next_step + way_back + "\\n")
    sys.exit(6)


if len(sys.argv) > 1 and sys.argv[1] in ("run", "stdio"):
    data_plane()
else:
    cold()
''')


def ensure_launcher(layout: StateLayout) -> bool:
    """Writes runtime, launcher, cold command and rollback script where they differ; whether anything did.

    Needs to be the only one at it. Raises EnvironmentFault; the launcher that was there then still works.
    """
    try:
        make_private_dir(layout.root)
        make_private_dir(layout.bin_dir)
        runtime = ensure_runtime(layout)
        _written(layout.search_path, search_path(os.environ), PRIVATE_FILE_MODE)
        written = [
            _written(layout.cold_command, cold_command(), PRIVATE_FILE_MODE),
            _written(layout.rollback_script, rollback_script(interpreter()), PRIVATE_DIR_MODE),
            _written(layout.launcher, _this_launcher(layout, runtime), PRIVATE_DIR_MODE),
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


def launcher_source(layout: StateLayout, runtime: str, python: str, package: str) -> bytes:
    """The launcher's text, with all its paths baked in. package: a file that is there as long as mcpgw is installed."""
    text = _LAUNCHER.substitute(
        first_line=first_line(python),
        version=ascii(VERSION),
        interpreter=ascii(python),
        root=ascii(layout.root),
        runtime=ascii(runtime),
        package=ascii(package),
    )
    return os.fsencode(text)


def _this_launcher(layout: StateLayout, runtime: str) -> bytes:
    return launcher_source(layout, runtime, interpreter(), os.path.join(package_dir(), "__main__.py"))


def rollback_script(python: str) -> bytes:
    """The stand-alone rollback script: one file, standard library only."""
    return os.fsencode(f"{first_line(python)}\n{rollback_source()}")


def first_line(python: str) -> str:
    """The line that starts `python` isolated; for a path that a `#!` line cannot hold, a shell does it.

    To the shell the quotes are an empty word and `:`, to Python they open a string that ends behind the exec line.
    Both read the octal numbers, so no byte of the path can end a quote or be no UTF-8.
    """
    path = os.fsencode(python)
    as_utf8 = path.decode("utf-8", "surrogateescape")
    if as_utf8.isprintable() and " " not in as_utf8 and len(path) <= _LONGEST_INTERPRETER:
        return f"#!{python} {_ISOLATED}"
    octal = _NOT_PLAIN.sub(lambda found: b"\\%03o" % found[0][0], path).decode("ascii")
    return f"#!/bin/sh\n''':'\nexec \"$(printf '{octal}')\" {_ISOLATED} \"$0\" \"$@\"\n'''"


def search_path(environ: Mapping[str, str]) -> bytes:
    """The directories on PATH that mean the same to every process and outlive mcpgw's own environment."""
    own = os.path.realpath(os.path.dirname(sys.executable)) if sys.prefix != sys.base_prefix else ""
    directories = filter(os.path.isabs, environ.get("PATH", "").split(os.pathsep))
    kept = (each for each in directories if os.path.realpath(each) != own)
    return os.fsencode(os.pathsep.join(dict.fromkeys(kept)))


def _written(path: str, content: bytes, mode: int) -> bool:
    """Whether it had to be written."""
    try:
        if read_bytes(path) == content and os.stat(path).st_mode & 0o777 == mode:
            return False
    except FileNotFoundError:
        pass
    write_atomic(path, content, mode=mode)
    return True
