import json
import os
import stat
import subprocess
import sys

import pytest

from mcpgw.errors import EnvironmentFault
from mcpgw.installers.launcher import ensure_launcher, first_line, interpreter, launcher_source
from mcpgw.paths import StateLayout

# What a relay would see, in place of the real one.
FAKE_MAIN = """\
import json, os, sys
def main_relay(root):
    print(json.dumps({"root": root, "argv": sys.argv[1:], "flags": [sys.flags.isolated, sys.flags.no_site]}))
"""


@pytest.fixture
def layout(tmp_path):
    made = StateLayout(str(tmp_path / "state"))
    os.makedirs(made.bin_dir)
    os.makedirs(made.runtime_dir)
    return made


def launcher_with_fake_relay(layout, python=None):
    runtime = f"{layout.runtime_dir}/fake"
    os.makedirs(f"{runtime}/mcpgw")
    with open(f"{runtime}/mcpgw/__main__.py", "w") as file:
        file.write(FAKE_MAIN)
    with open(layout.launcher, "wb") as file:
        file.write(launcher_source(layout, runtime, python or interpreter()))
    os.chmod(layout.launcher, 0o700)


def run(layout, *argv, **environ):
    return subprocess.run([layout.launcher, *argv], capture_output=True, text=True, timeout=30, env=environ, cwd="/")


@pytest.mark.requirement("install.launcher")
@pytest.mark.parametrize("verb", ["run", "stdio"])
def test_the_data_plane_starts_whatever_the_environment_says(layout, verb):
    launcher_with_fake_relay(layout)
    done = run(layout, verb, "--entry", "x", PYTHONPATH="/evil", PYTHONHOME="/evil", PATH="", MCPGW_HOME="/evil")
    assert json.loads(done.stdout) == {"root": layout.root, "argv": [verb, "--entry", "x"], "flags": [1, 1]}


def test_a_path_that_a_first_line_cannot_hold_goes_through_a_shell(layout, tmp_path):
    spaced = tmp_path / "the interpreter's place"
    spaced.mkdir()
    (spaced / "python").symlink_to(interpreter())
    launcher_with_fake_relay(layout, str(spaced / "python"))
    with open(layout.launcher) as file:
        assert file.readline() == "#!/bin/sh\n"
    done = run(layout, "run", "a b", "'\"$HOME")
    assert json.loads(done.stdout)["argv"] == ["run", "a b", "'\"$HOME"]


def test_a_long_path_goes_through_a_shell_too():
    assert first_line("/" + "x" * 119) == "#!/" + "x" * 119 + " -IS"
    assert first_line("/" + "x" * 120).startswith("#!/bin/sh\n")


def test_other_verbs_run_in_the_environment_that_installed(layout):
    ensure_launcher(layout)
    with open(layout.cold_command) as file:
        assert json.load(file) == [sys.executable, "-I", "-m"]
    done = run(layout, "version")
    assert (done.returncode, done.stderr) == (0, "")
    assert "mcpgw" in done.stdout


@pytest.mark.parametrize("gone", ["cold.json", "package"])
def test_it_says_so_when_that_environment_is_gone(layout, gone):
    ensure_launcher(layout)
    if gone == "cold.json":
        os.unlink(layout.cold_command)
    else:
        with open(layout.launcher) as file:
            text = file.read()
        with open(layout.launcher, "w") as file:
            file.write(text.replace("__main__.py", "__gone__.py"))
    done = run(layout, "status")
    assert done.returncode == 6
    assert "is gone" in done.stderr
    assert layout.rollback_script in done.stderr


def test_files_are_private_and_executable(layout):
    ensure_launcher(layout)
    modes = {path: stat.S_IMODE(os.stat(path).st_mode) for path in (layout.launcher, layout.rollback_script)}
    assert set(modes.values()) == {0o700}
    assert stat.S_IMODE(os.stat(layout.cold_command).st_mode) == 0o600


def test_a_second_time_writes_nothing(layout):
    assert ensure_launcher(layout)
    assert not ensure_launcher(layout)
    os.chmod(layout.launcher, 0o600)
    assert ensure_launcher(layout)


def test_the_interpreter_is_the_real_one():
    assert os.path.realpath(interpreter()) == interpreter()
    assert ".venv" not in interpreter()


def test_a_state_directory_that_is_a_file_is_a_fault(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        ensure_launcher(StateLayout(str(tmp_path / "state")))
