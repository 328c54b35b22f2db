import os
import subprocess
import sys

import pytest

from mcpgw.installers import runtime
from mcpgw.installers.runtime import engine_library, ensure_runtime, runtime_name, sweep_runtimes
from mcpgw.paths import StateLayout
from mcpgw.state.instance import Identity, open_instance


@pytest.fixture
def layout(tmp_path):
    return StateLayout(str(tmp_path / "state"))


def test_it_holds_the_data_plane_compiled_and_nothing_cold(layout):
    directory = ensure_runtime(layout)
    assert directory == f"{layout.runtime_dir}/{runtime_name()}"
    assert os.path.exists(f"{directory}/mcpgw/protocol/framing.py")
    assert os.path.exists(f"{directory}/mcpgw/__main__.py")
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


@pytest.mark.requirement("install.runtime")
def test_other_content_gets_another_directory_and_the_old_one_stays_whole(layout):
    old = ensure_runtime(layout)
    os.unlink(f"{old}/mcpgw/paths.py")
    new = ensure_runtime(layout)
    assert new.startswith(f"{old}.")
    assert os.path.exists(f"{new}/mcpgw/paths.py")
    assert not os.path.exists(f"{old}/mcpgw/paths.py")
    os.unlink(f"{new}/mcpgw/paths.py")
    assert ensure_runtime(layout) == new
    assert os.path.exists(f"{new}/mcpgw/paths.py")


def test_old_ones_are_swept_when_nobody_runs(layout):
    keep = ensure_runtime(layout)
    os.mkdir(f"{layout.runtime_dir}/0.0.1-old")
    instance = open_instance(layout, Identity("s", "e"), now=1.0)
    sweep_runtimes(layout, keep=keep)
    assert os.path.exists(f"{layout.runtime_dir}/0.0.1-old")
    instance.close()
    sweep_runtimes(layout, keep=keep)
    assert os.listdir(layout.runtime_dir) == [runtime_name()]


def test_a_machine_without_the_engine_has_none(monkeypatch):
    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: None)
    assert engine_library() is None
