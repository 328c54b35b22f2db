"""mcpgw as people install it; then what it was installed in goes away, or another version takes its place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mcpgw.paths import StateLayout
from mcpgw.version import VERSION
from support import parts
from support.peer import Peer, mock

PROJECT = Path(__file__).parents[2]
PYTHON = sys._base_executable  # type: ignore[attr-defined]
# The mcpgw that the tests run with.
THIS = (sys.executable, "-m", "mcpgw")
NEXT = "9.0.0"
SECONDS = 100


@dataclass(frozen=True, slots=True)
class Machine:
    """A person's machine: a home with one server in it, and a place for environments."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def config(self) -> Path:
        return self.home / ".claude.json"

    @property
    def layout(self) -> StateLayout:
        return StateLayout(str(self.home / ".local/share/mcpgw"))

    def run(self, *argv: str, ok: int = 0) -> subprocess.CompletedProcess[str]:
        """Runs a command as the person would; nothing may come from an index."""
        wheels = parts.wheels()
        tools = self.root / "tools"
        environ = {
            "HOME": str(self.home),
            "PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": wheels,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_NO_INDEX": "1",
            "UV_OFFLINE": "1",
            "UV_FIND_LINKS": wheels,
            "UV_CACHE_DIR": f"{tools}/cache",
            "UV_TOOL_DIR": f"{tools}/uv",
            "UV_TOOL_BIN_DIR": f"{tools}/bin",
            "UV_PYTHON": PYTHON,
            "PIPX_HOME": f"{tools}/pipx",
            "PIPX_BIN_DIR": f"{tools}/bin",
            "PIPX_DEFAULT_PYTHON": PYTHON,
        }
        done = subprocess.run(argv, env=environ, cwd=self.home, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == ok, done.stdout + done.stderr
        return done

    def routed(self) -> list[str]:
        """The command line of the one entry."""
        entry = json.loads(self.config.read_text())["mcpServers"]["mock"]
        return [entry["command"], *entry["args"]]

    def server(self) -> Peer:
        """The one server, as a client starts it."""
        return Peer(self.routed(), self.root / "not-used")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.home.mkdir()
    entry = {"command": PYTHON, "args": mock()[1:]}
    made.config.write_text(json.dumps({"mcpServers": {"mock": entry}}, indent=2))
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _wheel(PROJECT, tmp_path_factory.mktemp("wheel"))


def _wheel(project: Path, into: Path) -> str:
    argv = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    subprocess.run(argv, cwd=project, check=True, capture_output=True, timeout=SECONDS)
    (made,) = into.glob("*.whl")
    return str(made)


def _pip(machine: Machine, wheel: str) -> list[str]:
    environment = machine.root / "tools"
    machine.run(PYTHON, "-m", "venv", "--without-pip", str(environment))
    machine.run(sys.executable, "-m", "pip", "--python", str(environment), "install", "--no-compile", wheel)
    return [f"{environment}/bin/mcpgw"]


def _pipx(machine: Machine, wheel: str) -> list[str]:
    machine.run(parts.installer("pipx"), "install", "--backend", "uv", wheel)
    return [f"{machine.root}/tools/bin/mcpgw"]


def _uvx(machine: Machine, wheel: str) -> list[str]:
    return [parts.installer("uvx"), "--from", wheel, "mcpgw"]


def _uv_tool(machine: Machine, wheel: str) -> list[str]:
    machine.run(parts.installer("uv"), "tool", "install", wheel)
    return [f"{machine.root}/tools/bin/mcpgw-gateway"]


def text_of(answer: dict[str, Any]) -> str:
    text: str = answer["result"]["content"][0]["text"]
    return text


@pytest.mark.requirement("install.environment-gone", "rollback.stand-alone")
@pytest.mark.parametrize("installed", [_pip, _pipx, _uvx, _uv_tool])
def test_routed_servers_outlive_what_installed_them(
    machine: Machine, wheel: str, installed: Callable[[Machine, str], list[str]]
) -> None:
    before = machine.config.read_bytes()
    mcpgw = installed(machine, wheel)
    machine.run(*mcpgw, "install", "--yes")
    assert machine.routed()[0] == machine.layout.launcher
    shutil.rmtree(machine.root / "tools")

    with machine.server().open() as server:
        assert text_of(server.call("echo", text="still here")) == "still here"
    said = machine.run(machine.layout.launcher, "status", ok=6).stderr
    assert said.count("\n") == 2
    assert "is gone; routed servers go on working" in said and machine.layout.rollback_script in said
    machine.run(machine.layout.rollback_script)
    assert machine.config.read_bytes() == before

    # Another environment takes over: the same entry, the same launcher, another way to the command line.
    machine.run(*THIS, "install", "--yes")
    with machine.server().open() as server:
        assert text_of(server.call("echo", text="back")) == "back"
    assert "1 entry" in machine.run(machine.layout.launcher, "status").stdout


def _environment(root: Path, wheel: str) -> str:
    """A virtual environment with this wheel and, for speed, the dependencies of the one that the tests run in."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", str(root)], check=True, timeout=SECONDS)
    pip = [sys.executable, "-m", "pip", "--python", str(root), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--disable-pip-version-check", "--no-compile", wheel], check=True, timeout=SECONDS)
    (site,) = root.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return f"{root}/bin/mcpgw"


@pytest.fixture(scope="session")
def two_versions(wheel: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The commands of this version and of the next, each in an environment of its own."""
    root = tmp_path_factory.mktemp("versions")
    tree = root / "tree"
    tree.mkdir()
    shutil.copytree(PROJECT / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, tree)
    version = tree / "src/mcpgw/version.py"
    version.write_text(version.read_text().replace(VERSION, NEXT))
    return _environment(root / "this", wheel), _environment(root / "next", _wheel(tree, root / "dist"))


def _runtimes(machine: Machine) -> set[str]:
    return {name.split("-")[0] for name in os.listdir(machine.layout.runtime_dir) if "-" in name}


@pytest.mark.requirement("install.upgrade")
def test_an_upgrade_leaves_what_runs_alone_and_a_downgrade_points_back(
    machine: Machine, two_versions: tuple[str, str]
) -> None:
    old, new = two_versions
    machine.run(old, "install", "--yes")
    entry = machine.routed()
    with machine.server().open() as running:
        machine.run(new, "install", "--yes")
        assert _runtimes(machine) == {VERSION, NEXT}
        with machine.server().open() as started:
            assert text_of(started.call("echo", text="new")) == "new"
            assert text_of(running.call("echo", text="old")) == "old"
        assert NEXT in machine.run(machine.layout.launcher, "version").stdout
    assert machine.routed() == entry
    machine.run(new, "install", "--yes")
    assert _runtimes(machine) == {NEXT}

    machine.run(old, "install", "--yes")
    assert VERSION in machine.run(machine.layout.launcher, "version").stdout
    assert _runtimes(machine) == {VERSION}
    with machine.server().open() as server:
        assert text_of(server.call("echo", text="back")) == "back"


@pytest.mark.requirement("install.downgrade")
def test_a_ledger_of_a_newer_format_is_refused_and_the_way_back_works(machine: Machine) -> None:
    before = machine.config.read_bytes()
    machine.run(*THIS, "install", "--yes")
    with open(machine.layout.ledger_file, "a") as ledger:
        ledger.write('{"v": 99, "kind": "unheard-of"}\n')
    routed, ledger_bytes = machine.config.read_bytes(), Path(machine.layout.ledger_file).read_bytes()
    for verb in ("install", "uninstall"):
        said = machine.run(*THIS, verb, "--yes", ok=3).stderr
        assert "was written by a newer mcpgw" in said and "Upgrade mcpgw" in said
    assert machine.config.read_bytes() == routed
    assert Path(machine.layout.ledger_file).read_bytes() == ledger_bytes
    with machine.server().open() as server:
        assert text_of(server.call("echo", text="goes on")) == "goes on"
    machine.run(machine.layout.rollback_script)
    assert machine.config.read_bytes() == before


@pytest.mark.requirement("install.idempotent")
def test_a_second_install_writes_nothing_at_all(machine: Machine) -> None:
    machine.run(*THIS, "install", "--yes")
    before = _all_times(machine.home)
    machine.run(*THIS, "install", "--yes")
    assert _all_times(machine.home) == before


def _all_times(root: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in [root, *root.rglob("*")]}


def test_two_installs_at_once_agree(machine: Machine) -> None:
    argv = [*THIS, "install", "--yes", "--json"]
    environ = {"HOME": str(machine.home), "PATH": os.environ["PATH"]}
    both = [
        subprocess.Popen(argv, env=environ, cwd=machine.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for each in both:
        assert each.communicate(timeout=SECONDS)[0]
        assert each.returncode == 0
    with machine.server().open() as server:
        assert text_of(server.call("echo", text="one")) == "one"
    assert not [path for path in machine.home.rglob("*") if path.name.endswith((".tmp", ".building"))]
