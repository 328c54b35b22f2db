"""What is wrong behind the launcher, each with its way out. It looks and never mends: `install` does that."""

from __future__ import annotations

import ast
import json
import os
import shlex
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from mcpgw.files import read_bytes
from mcpgw.installers.launcher import launcher_source, rollback_script
from mcpgw.installers.runtime import is_whole
from mcpgw.installers.symptom import Symptom, Weight
from mcpgw.paths import StateLayout
from mcpgw.version import VERSION

_CHECK = "launcher"
_WIDER_THAN_PRIVATE = 0o077
# Loading the engine takes a tenth of a second.
_LOAD_SECONDS = 10
_LOAD_ENGINE = "import sys; sys.path.insert(0, sys.argv[1]); import _hs_ext"


@dataclass(frozen=True, slots=True)
class _Baked:
    """What an installed launcher names: the release that wrote it, and absolute paths."""

    version: str
    interpreter: str
    runtime: str
    package: str


def launcher_symptoms(layout: StateLayout) -> tuple[Symptom, ...]:
    """All that keeps routed entries or the command beside them from working as installed; empty when all is well.

    Where nothing was ever installed, the one problem is that the launcher is missing.
    """
    return (*_of_state(layout), *_of_launcher(layout))


def _of_state(layout: StateLayout) -> Iterator[Symptom]:
    try:
        mode = stat.S_IMODE(os.stat(layout.root).st_mode)
    except OSError:
        return  # the launcher is missing then, and that is said
    if mode & _WIDER_THAN_PRIVATE:
        said = f"the state directory {layout.root} is open to others (mode {mode:04o})"
        yield Symptom(_CHECK, Weight.ACTION, said, f"Run: chmod 700 {shlex.quote(layout.root)}")


def _of_launcher(layout: StateLayout) -> Iterator[Symptom]:
    try:
        source = read_bytes(layout.launcher)
    except OSError as error:
        yield _mendable(f"the launcher {layout.launcher} is missing: {error.strerror}")
        return
    baked = _baked(source)
    if baked is None:
        yield _mendable(f"{layout.launcher} is not a launcher of this mcpgw")
        return
    if not os.access(layout.launcher, os.X_OK):
        yield _mendable(f"the launcher {layout.launcher} is not executable")
    if baked.version != VERSION:
        yield _mendable(f"the launcher is of mcpgw {baked.version}, this is {VERSION}")
    elif source != launcher_source(layout, baked.runtime, baked.interpreter, baked.package):
        yield _mendable(f"the launcher {layout.launcher} was altered")
    yield from _of_interpreter(baked)
    yield from _of_cold(layout, baked)
    yield from _of_rollback(layout, baked)


def _of_interpreter(baked: _Baked) -> Iterator[Symptom]:
    """Interpreter and runtime; together they carry every routed server."""
    whole = is_whole(baked.runtime)
    if not whole:
        fate = "was altered" if os.path.isdir(baked.runtime) else "is gone"
        yield _mendable(f"the runtime {baked.runtime} {fate}: routed servers may not start")
    if not os.access(baked.interpreter, os.X_OK):
        yield _mendable(f"the interpreter {baked.interpreter} is gone: no routed server can start")
    elif whole and not _loads_engine(baked):
        said = "the scan engine cannot be loaded: scanning is slower, verdicts are the same"
        next_step = "Most often the C++ library is missing (Debian: libstdc++6): install it."
        yield Symptom(_CHECK, Weight.NOTE, said, next_step)


def _loads_engine(baked: _Baked) -> bool:
    """Whether the interpreter loads the runtime's scan engine, where it has one."""
    if not any(name.startswith("_hs_ext") for name in os.listdir(baked.runtime)):
        return True
    try:
        done = subprocess.run(  # noqa: TID251
            [baked.interpreter, "-IS", "-c", _LOAD_ENGINE, baked.runtime], capture_output=True, timeout=_LOAD_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _of_cold(layout: StateLayout, baked: _Baked) -> Iterator[Symptom]:
    try:
        python = str(json.loads(read_bytes(layout.cold_command))[0])
    except (OSError, ValueError, LookupError, TypeError):
        yield _mendable(f"{layout.cold_command} is missing or broken: no policy can be compiled")
        return
    if not (os.access(python, os.X_OK) and os.path.exists(baked.package)):
        yield _mendable(f"the environment of {python} is gone: a changed policy does not come into force")


def _of_rollback(layout: StateLayout, baked: _Baked) -> Iterator[Symptom]:
    try:
        script = read_bytes(layout.rollback_script)
    except OSError as error:
        yield _mendable(f"the way back {layout.rollback_script} is missing: {error.strerror}")
        return
    altered = baked.version == VERSION and script != rollback_script(baked.interpreter)
    if altered or not os.access(layout.rollback_script, os.X_OK):
        yield _mendable(f"the way back {layout.rollback_script} was altered")


def _baked(source: bytes) -> _Baked | None:
    """Read off the launcher's assignments; None where they are not all there."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    found: dict[str, str] = {}
    for node in tree.body:
        match node:
            case ast.Assign([ast.Name(name)], ast.Constant(str(value))):
                found[name.lower()] = value
    try:
        return _Baked(*(found[name] for name in _Baked.__slots__))
    except KeyError:
        return None


def _mendable(said: str) -> Symptom:
    return Symptom(_CHECK, Weight.MENDABLE, said, "Run `mcpgw install` again.")
