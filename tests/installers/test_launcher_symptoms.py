import os
import shutil

import pytest

from mcpgw.files import read_bytes, write_atomic
from mcpgw.installers import runtime
from mcpgw.installers.launcher import ensure_launcher, interpreter, launcher_source
from mcpgw.installers.launcher_symptoms import launcher_symptoms
from mcpgw.installers.runtime import ensure_runtime
from mcpgw.paths import StateLayout


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    made = StateLayout(str(tmp_path_factory.mktemp("original") / "state"))
    ensure_launcher(made)
    return made


@pytest.fixture
def layout(tmp_path, original):
    """An installation of its own, at a path that its launcher names."""
    made = StateLayout(str(tmp_path / "state"))
    shutil.copytree(original.root, made.root, symlinks=True)
    relaunch(made)
    return made


def relaunch(layout, *, at=None, python=None, package=None, version=None):
    """Writes a launcher that names these."""
    source = launcher_source(
        layout, at or ensure_runtime(layout), python or interpreter(), package or os.path.abspath(__file__)
    )
    write_atomic(layout.launcher, source.replace(b"VERSION = '", f"VERSION = '{version or ''}".encode()), mode=0o700)


def said_of(layout):
    return [symptom.text for symptom in launcher_symptoms(layout)]


@pytest.mark.requirement("install.launcher-problems")
def test_a_fresh_installation_has_none(layout):
    assert launcher_symptoms(layout) == ()
    ensure_launcher(layout)
    assert launcher_symptoms(layout) == ()


def overwrite(path, content=b"other"):
    with open(path, "wb") as file:
        file.write(content)


FAULTS = {
    "is missing: No such file": lambda layout: os.unlink(layout.launcher),
    "is not a launcher of this mcpgw": lambda layout: overwrite(layout.launcher, b"#!/bin/sh\nexit 1\n"),
    "is not executable": lambda layout: os.chmod(layout.launcher, 0o600),
    "was altered": lambda layout: overwrite(layout.launcher, read_bytes(layout.launcher) + b"pass\n"),
    "the launcher is of mcpgw 9.": lambda layout: relaunch(layout, version="9."),
    "the interpreter /gone/python3 is gone": lambda layout: relaunch(layout, python="/gone/python3"),
    "is gone: routed servers may not start": lambda layout: shutil.rmtree(ensure_runtime(layout)),
    "was altered: routed servers may not": lambda layout: os.unlink(f"{ensure_runtime(layout)}/mcpgw/paths.py"),
    "cold.json is missing or broken": lambda layout: overwrite(layout.cold_command, b"[]"),
    "the environment of /gone/python is gone": lambda layout: overwrite(layout.cold_command, b'["/gone/python"]'),
    "a changed policy does not come into force": lambda layout: relaunch(layout, package="/gone/__main__.py"),
    "mcpgw-rollback is missing": lambda layout: os.unlink(layout.rollback_script),
    "mcpgw-rollback was altered": lambda layout: overwrite(layout.rollback_script),
    "is open to others (mode 0755)": lambda layout: os.chmod(layout.root, 0o755),
}


@pytest.mark.requirement("install.launcher-problems")
@pytest.mark.parametrize("said", FAULTS)
def test_each_fault_is_said_with_a_way_out(layout, said):
    FAULTS[said](layout)
    symptoms = launcher_symptoms(layout)
    assert any(said in symptom.text for symptom in symptoms), symptoms
    assert all(symptom.next_step for symptom in symptoms)


@pytest.mark.requirement("install.launcher-problems")
def test_an_engine_that_the_interpreter_refuses_is_said(tmp_path, monkeypatch):
    refused = tmp_path / "_hs_ext.so"
    refused.write_bytes(b"no library")
    monkeypatch.setattr(runtime, "engine_library", lambda: str(refused))
    layout = StateLayout(str(tmp_path / "state"))
    ensure_launcher(layout)
    (only,) = said_of(layout)
    assert only.startswith("the scan engine cannot be loaded")


def test_nothing_installed_is_a_missing_launcher(tmp_path):
    (only,) = said_of(StateLayout(str(tmp_path / "none")))
    assert "is missing" in only


@pytest.mark.requirement("install.launcher-problems")
def test_installing_again_mends_all_but_the_directory_mode(layout):
    for said, damage in FAULTS.items():
        if "open to others" not in said:
            damage(layout)
            ensure_launcher(layout)
            assert said_of(layout) == []
