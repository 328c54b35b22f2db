"""Ctrl-C at any moment: two lines, exit code 130, no traceback, and a home that the next command brings in order.

`-X importtime` tells how far a process has come: it prints a line for each module that it has loaded.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

import pytest

from mcpgw import interrupts
from mcpgw.errors import ExitCode
from support.client_home import ClientHome, furnished

_ENTRY_POINTS = {"console script": ("-c", "from mcpgw.__main__ import main; main()"), "module": ("-m", "mcpgw")}
# Loaded before Ctrl-C can become ours, which it is when two more are loaded.
_OURS = b" mcpgw.interrupts"
_READY = 3
_MOMENTS = 6
_LOADED = b"import time:"
_LONG = 60.0

Process = subprocess.Popen[bytes]


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """A suite that runs as a job in the background has Ctrl-C ignored, and would hand that down."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def home(tmp_path: Path) -> ClientHome:
    (tmp_path / "machine").mkdir()
    return furnished(tmp_path / "machine")


def test_it_is_the_documented_exit_code() -> None:
    assert interrupts.EXIT_CODE == ExitCode.INTERRUPTED


@pytest.mark.requirement("cli.interrupted")
@pytest.mark.parametrize("entry_point", _ENTRY_POINTS)
@pytest.mark.parametrize("verb", [("list",), ("run", "--", "cat")])
def test_while_it_loads(home: ClientHome, entry_point: str, verb: tuple[str, ...]) -> None:
    argv = (*_ENTRY_POINTS[entry_point], *verb)
    count = _loads(argv, home)
    for moment in range(_READY, count, count // _MOMENTS):
        code, said = _interrupted_while_loading(argv, home, moment)
        # The last modules are loaded by a verb at work, which may have ended before the signal came.
        assert (code, said) in (*_ENDED, *(() if moment < count // 2 else ((0, ""), (-signal.SIGINT, ""))))


@pytest.mark.requirement("cli.interrupted")
@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_while_it_edits(home: ClientHome, tmp_path: Path, verb: str) -> None:
    if verb == "uninstall":
        _run(home, "install")
    shutil.copytree(home.root, tmp_path / "before")
    old, seconds, new = _contents(home), _run(home, verb), _contents(home)
    assert old != new
    for moment in range(_MOMENTS):
        shutil.rmtree(home.root)
        shutil.copytree(tmp_path / "before", home.root)
        code, said, _ = _ended(home, verb, seconds * moment / _MOMENTS)
        assert (code, said) in _ENDED or (code == 0 and "Traceback" not in said)
        assert all(content in (old[path], new[path]) for path, content in _contents(home).items())
        _run(home, verb)
        assert _contents(home) == new
        assert _litter(home) == []


@pytest.mark.requirement("cli.interrupted")
def test_where_it_is_ignored_it_stays_ignored() -> None:
    script = (
        "import signal; from mcpgw import interrupts; interrupts.leave_at_once(); signal.raise_signal(signal.SIGINT)"
    )
    ignoring = f"import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.executable, [sys.executable, '-c', {script!r}])"
    assert subprocess.run([sys.executable, "-c", ignoring], timeout=60, check=False).returncode == 0


@pytest.mark.requirement("cli.interrupted")
def test_in_the_middle_of_a_finalizer_it_is_not_lost() -> None:
    script = (
        "import signal\nfrom mcpgw import interrupts\ninterrupts.leave_at_once()\ninterrupts.unwind()\n"
        "class Dying:\n def __del__(self): signal.raise_signal(signal.SIGINT)\nDying()\nprint('went on')"
    )
    done = subprocess.run([sys.executable, "-c", script], timeout=60, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == _UNDER_WAY


_BEFORE = "mcpgw: interrupted before anything was done\n  next: Run it again.\n"
_UNDER_WAY = f"mcpgw: {interrupts.MESSAGE}\n  next: {interrupts.NEXT_STEP}\n"
_ENDED = ((130, _BEFORE), (130, _UNDER_WAY), (130, "\n" + _UNDER_WAY))


def _environ(home: ClientHome) -> Mapping[str, str]:
    return {**home.environ(), "PYTHONPATH": os.pathsep.join(sys.path)}


def _started(argv: tuple[str, ...], home: ClientHome, stderr: IO[bytes] | int = subprocess.PIPE) -> Process:
    return subprocess.Popen(
        [sys.executable, "-X", "importtime", *argv],
        env=_environ(home),
        cwd=home.project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )


def _ours_on(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of modules that are loaded from ours on, and what else is said."""
    begun = False
    for line in lines:
        begun = begun or line.rstrip().endswith(_OURS)
        if begun:
            yield line


def _loads(argv: tuple[str, ...], home: ClientHome) -> int:
    """How many modules are loaded from ours on."""
    with _started(argv, home) as process:
        assert process.stderr is not None
        return sum(line.startswith(_LOADED) for line in _ours_on(process.stderr))


def _interrupted_while_loading(argv: tuple[str, ...], home: ClientHome, moment: int) -> tuple[int, str]:
    """Exit status and words of a process that gets Ctrl-C when it has loaded `moment` modules from ours on."""
    said, loaded = [], 0
    with _started(argv, home) as process:
        assert process.stderr is not None
        for line in _ours_on(process.stderr):
            if not line.startswith(_LOADED):
                said.append(line)
                continue
            loaded += 1
            if loaded == moment:
                process.send_signal(signal.SIGINT)
    return process.returncode, b"".join(said).decode()


def _ended(home: ClientHome, verb: str, seconds: float) -> tuple[int, str, float]:
    """Exit status, words and seconds of a verb that gets Ctrl-C so long after it has become ours."""
    path = home.root / "stderr"
    argv = (*_ENTRY_POINTS["module"], verb, "--yes")
    with path.open("wb") as stderr, _started(argv, home, stderr) as process:
        while sum(line.startswith(_LOADED) for line in _ours_on(path.read_bytes().splitlines())) < _READY:
            assert process.poll() is None
        begun = time.monotonic()
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=_LONG)
        took = time.monotonic() - begun
    lines = (line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(_LOADED))
    return process.returncode, b"".join(lines).decode(), took


def _run(home: ClientHome, verb: str) -> float:
    """The seconds that the verb takes when it is left alone."""
    code, said, took = _ended(home, verb, _LONG)
    assert code == 0, said
    return took


def _contents(home: ClientHome) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (home.code_file, home.desktop_file)}


def _litter(home: ClientHome) -> list[Path]:
    return [path for path in home.root.rglob("*") if path.name.endswith((".tmp", ".lock")) or ".new-" in path.name]
