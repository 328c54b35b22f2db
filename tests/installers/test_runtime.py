import fcntl
import json
import os
import subprocess
import sys

import pytest

from mcpgw.installers import runtime
from mcpgw.installers.runtime import engine_library, ensure_runtime, is_whole, runtime_name, sweep_runtimes
from mcpgw.paths import StateLayout


@pytest.fixture
def layout(tmp_path):
    return StateLayout(str(tmp_path / "state"))


def test_it_holds_the_data_plane_compiled_and_nothing_cold(layout):
    directory = ensure_runtime(layout)
    assert directory == f"{layout.runtime_dir}/{runtime_name()}"
    assert os.path.exists(f"{directory}/mcpgw/protocol/framing.py")
    assert os.path.exists(f"{directory}/mcpgw/relay/run.py")
    assert any(name.endswith(".pyc") for name in os.listdir(f"{directory}/mcpgw/__pycache__"))
    for cold in ("cli", "config", "installers", "registry/discover.py", "registry/clients"):
        assert not os.path.exists(f"{directory}/mcpgw/{cold}")


def test_the_engine_travels_along(layout):
    library = engine_library()
    assert library is not None
    assert os.path.exists(f"{ensure_runtime(layout)}/{os.path.basename(library)}")


def test_it_runs_isolated_without_site_packages(layout):
    program = f"import sys; sys.path.insert(0, {ensure_runtime(layout)!r}); import _hs_ext, mcpgw.protocol.framing"
    subprocess.run([sys._base_executable, "-IS", "-c", program], check=True, timeout=30)


def test_the_reader_of_shared_entries_travels_along(layout):
    program = f"import sys; sys.path.insert(0, {ensure_runtime(layout)!r}); import mcpgw.relay.trust"
    subprocess.run([sys._base_executable, "-IS", "-c", program], check=True, timeout=30)


def test_the_same_content_is_built_once(layout):
    directory = ensure_runtime(layout)
    before = os.stat(directory).st_ino
    assert ensure_runtime(layout) == directory
    assert os.stat(directory).st_ino == before
    assert os.listdir(layout.runtime_dir) == [runtime_name()]


def cut(directory):
    """Half a compiled file, as a disk error would leave it."""
    (compiled,) = (name for name in os.listdir(f"{directory}/mcpgw/__pycache__") if name.startswith("paths."))
    os.truncate(f"{directory}/mcpgw/__pycache__/{compiled}", 30)


def drop(directory):
    os.unlink(f"{directory}/mcpgw/paths.py")


def add(directory):
    with open(f"{directory}/json.py", "w") as file:
        file.write("raise SystemExit('not the standard library')")


def unseal(directory):
    os.unlink(f"{directory}/seal.json")


def reseal(directory):
    with open(f"{directory}/seal.json", "w") as file:
        json.dump({"v": 2}, file)


@pytest.mark.requirement("install.runtime")
@pytest.mark.parametrize("alter", [cut, drop, add, unseal, reseal])
def test_an_altered_one_is_left_and_built_anew_elsewhere(layout, alter):
    old = ensure_runtime(layout)
    alter(old)
    assert not is_whole(old)
    new = ensure_runtime(layout)
    assert new.startswith(f"{old}.")
    assert (is_whole(new), is_whole(old)) == (True, False)
    assert ensure_runtime(layout) == new
    drop(new)
    assert ensure_runtime(layout) not in (old, new)


def test_the_new_place_stays_the_place(layout):
    drop(ensure_runtime(layout))
    new = ensure_runtime(layout)
    sweep_runtimes(layout, keep=new)
    assert ensure_runtime(layout) == new


@pytest.mark.requirement("install.upgrade")
def test_what_an_instance_holds_is_swept_when_it_ends(layout):
    keep = ensure_runtime(layout)
    old, crashed = f"{layout.runtime_dir}/0.0.1-old", f"{keep}.building"
    os.mkdir(old)
    os.mkdir(crashed)
    held = os.open(old, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    sweep_runtimes(layout, keep=keep)
    assert (os.path.exists(old), os.path.exists(crashed)) == (True, False)
    os.close(held)
    sweep_runtimes(layout, keep=keep)
    assert os.listdir(layout.runtime_dir) == [runtime_name()]


def test_a_machine_without_the_engine_has_none(monkeypatch):
    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: None)
    assert engine_library() is None
