import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mcpgw.config.compile import compile_policy
from mcpgw.errors import EnvironmentFault
from mcpgw.files import make_private_dir
from mcpgw.installers.launcher import ensure_launcher, first_line, interpreter, launcher_source, search_path
from mcpgw.installers.launcher_symptoms import launcher_symptoms
from mcpgw.installers.recovery import sweep
from mcpgw.paths import StateLayout

# What a relay would see, in place of the real one.
FAKE_RELAY = """\
import json, os, sys
def run(argv, *, root, baked):
    print(json.dumps({"root": root, "argv": argv, "flags": [sys.flags.isolated, sys.flags.no_site]}))
"""
# What the kernel was told at exec; a client's own runtime could have changed os.environ since.
OBSERVER = """\
import os, sys
for name in ("cmdline", "environ"):
    with open("/proc/self/" + name, "rb") as file:
        sys.stderr.buffer.write(file.read() + b"\\n")
sys.stderr.buffer.write(os.getcwdb())
sys.exit(7)
"""
POISON = {
    "PYTHONPATH": "/evil",
    "PYTHONHOME": "/evil",
    "PYTHONSTARTUP": "/evil.py",
    "PYTHONINSPECT": "1",
    "PYTHONVERBOSE": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONCOERCECLOCALE": "warn",
    "PYTHONIOENCODING": "ascii",
    "LD_LIBRARY_PATH": "/evil",
    "PATH": "/evil",
    "HOME": "/evil",
    "MCPGW_HOME": "/evil",
    "LANG": "xx",
}


@pytest.fixture
def layout(tmp_path):
    made = StateLayout(str(tmp_path / "state"))
    make_private_dir(made.bin_dir)
    make_private_dir(made.runtime_dir)
    return made


def launcher_with_fake_relay(layout, python=None):
    runtime = f"{layout.runtime_dir}/fake"
    os.makedirs(f"{runtime}/mcpgw/relay")
    with open(f"{runtime}/mcpgw/relay/run.py", "w") as file:
        file.write(FAKE_RELAY)
    with open(layout.launcher, "wb") as file:
        file.write(launcher_source(layout, runtime, python or interpreter(), __file__))
    os.chmod(layout.launcher, 0o700)


def run(layout, *argv, **environ):
    return subprocess.run([layout.launcher, *argv], capture_output=True, text=True, timeout=30, env=environ, cwd="/")


@pytest.mark.requirement("install.launcher")
@pytest.mark.parametrize("verb", ["run", "stdio"])
def test_the_data_plane_starts_whatever_the_environment_says(layout, verb):
    launcher_with_fake_relay(layout)
    done = run(layout, verb, "--entry", "x", PYTHONPATH="/evil", PYTHONHOME="/evil", PATH="", MCPGW_HOME="/evil")
    assert json.loads(done.stdout) == {"root": layout.root, "argv": [verb, "--entry", "x"], "flags": [1, 1]}


@pytest.mark.requirement("install.launcher")
@pytest.mark.parametrize(
    "name",
    ["the interpreter's place", "x" * 140, '%s \\x41 $(false) "', os.fsdecode(b"\xff"), "tab\tnewline\n"],
    ids=["space", "long", "special", "bytes", "control"],
)
def test_a_path_that_a_first_line_cannot_hold_goes_through_a_shell(layout, tmp_path, name):
    os.mkdir(tmp_path / name)
    python = os.path.join(tmp_path, name, "python")
    os.symlink(interpreter(), python)
    launcher_with_fake_relay(layout, python)
    with open(layout.launcher) as file:
        assert file.readline() == "#!/bin/sh\n"
    done = run(layout, "run", "a b", "'\"$HOME")
    assert json.loads(done.stdout)["argv"] == ["run", "a b", "'\"$HOME"]


def test_the_first_line_names_the_interpreter_where_it_can():
    for path in ("/" + "x" * 119, '/it\'s/"quoted"/$x\\n', "/pyü"):
        assert first_line(path) == f"#!{path} -IS"
    assert first_line("/" + "x" * 120).startswith("#!/bin/sh\n")


@pytest.mark.requirement("install.transparent-environment")
@pytest.mark.parametrize("cwd", ["/", "/usr"])
@pytest.mark.parametrize(
    "environ",
    [{}, {"PATH": "/usr/bin:/bin"}, {"LC_CTYPE": "POSIX"}, {"LC_CTYPE": "C.UTF-8"}, {"LC_ALL": "C"}, POISON],
    ids=["empty", "desktop", "posix", "utf8", "c", "poison"],
)
def test_the_server_sees_what_it_would_without_us(installed, environ, cwd):
    server = [interpreter(), "-IS", "-c", OBSERVER, "a b", b"\xff", ""]
    given = {**{os.fsencode(name): os.fsencode(value) for name, value in environ.items()}, b"BYTES": b"\xff\xfe"}
    argv = [installed.launcher, "run", "--entry", "claude-code:user:x", "--"]
    direct, routed = (
        subprocess.run(each, env=given, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
        for each in (server, argv + server)
    )
    assert direct.returncode == 7
    assert (routed.returncode, routed.stderr) == (7, direct.stderr)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A state directory with the launcher and a policy; tests do not change it."""
    made = StateLayout(str(tmp_path_factory.mktemp("installed") / "state"))
    ensure_launcher(made)
    compile_policy(made)
    return made


@pytest.mark.requirement("install.state-path")
def test_any_utf8_path_holds_the_state(tmp_path):
    layout = StateLayout(f'{tmp_path}/a b/it\'s "$x" `y` \\z\n/ü日本/{"x" * 140}')
    ensure_launcher(layout)
    assert launcher_symptoms(layout) == ()
    assert run(layout, "run", "--entry", "x", "--", "/bin/sh", "-c", "exit 7").returncode == 7
    assert json.loads(run(layout, "config", "path", "--json").stdout)["state"] == layout.root


@pytest.mark.requirement("install.search-path")
def test_a_command_that_a_gui_does_not_find_is_found_as_install_saw_it(installed, tmp_path, monkeypatch):
    # As npx: a script whose own first line needs PATH again.
    for name, text in (
        ("fake-npx", "#!/usr/bin/env fake-node\n"),
        ("fake-node", "#!/bin/sh\necho $PATH >&2; exit 9\n"),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o700)
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:relative::{tmp_path}")
    ensure_launcher(installed)
    done = run(installed, "run", "--entry", "claude-code:user:x", "--", "fake-npx", PATH="/usr/bin:/bin")
    assert done.returncode == 9
    said, path = done.stderr.splitlines()
    assert "fake-npx is not on the client's PATH" in said
    assert path.startswith("/usr/bin:/bin:/") and path.endswith(f":{tmp_path}")


def test_the_search_path_holds_what_outlives_this_environment():
    own = os.path.dirname(sys.executable)
    path = os.pathsep.join((own, "/usr/bin", "", ".", "bin", "/gone", "/usr/bin"))
    assert search_path({"PATH": path}) == b"/usr/bin:/gone"
    assert search_path({}) == b""


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


@pytest.mark.requirement("install.upgrade")
def test_a_launcher_that_was_replaced_since_it_was_read_hands_over(layout):
    launcher_with_fake_relay(layout)
    old = f"{layout.root}/old"
    with open(layout.launcher) as file, open(old, "w") as copy:
        copy.write(file.read().replace("runtime/fake", "runtime/swept"))
    os.chmod(old, 0o700)
    done = subprocess.run([old, "run", "a b"], capture_output=True, text=True, timeout=30)
    assert json.loads(done.stdout)["argv"] == ["run", "a b"]


@pytest.mark.requirement("install.environment-gone")
@pytest.mark.parametrize("part", ["", "/mcpgw/relay"])
def test_it_says_so_when_the_runtime_is_gone(layout, part):
    launcher_with_fake_relay(layout)
    os.rename(f"{layout.runtime_dir}/fake{part}", f"{layout.root}/moved")
    done = run(layout, "run", "--", "server")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith("mcpgw: what runs the servers is gone")
    assert layout.rollback_script in done.stderr


def test_a_client_that_closed_the_standard_descriptors_starts_it_too(layout):
    launcher_with_fake_relay(layout)
    said = Path(layout.root, "said")
    done = subprocess.run(["/bin/sh", "-c", f"exec '{layout.launcher}' run x <&- 2>&- >'{said}'"], timeout=30)
    assert done.returncode == 0
    assert json.loads(said.read_text())["argv"] == ["run", "x"]


def test_the_command_line_beside_the_launcher_looks_into_its_own_state(layout):
    ensure_launcher(layout)
    assert json.loads(run(layout, "config", "path", "--json", HOME="/").stdout)["state"] == layout.root


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


def changes_of(layout, trail, die_at=0):
    """The changes of the file system that an install in a process of its own makes, up to the one that it dies at."""
    pid = os.fork()
    if pid == 0:
        said = os.open(trail, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        left = [die_at]

        def hook(event, args):
            writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
            if event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir") or writes:
                os.write(said, f"{event} {args[1] if event == 'os.rename' else args[0]}\n".encode())
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        ensure_launcher(layout)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) == bool(die_at)
    return trail.read_text().splitlines()


def as_before_an_upgrade(layout):
    """The launcher names a runtime that works, but that is not the one to be installed."""
    (runtime,) = (name for name in os.listdir(layout.runtime_dir) if name.startswith("0."))
    os.rename(f"{layout.runtime_dir}/{runtime}", f"{layout.runtime_dir}/0.0.1-old")
    with open(layout.launcher, "wb") as file:
        file.write(launcher_source(layout, f"{layout.runtime_dir}/0.0.1-old", interpreter(), __file__))


def listed(layout):
    kept = (layout.bin_dir, layout.runtime_dir)
    return sorted(os.path.join(parent, name) for each in kept for parent, _, names in os.walk(each) for name in names)


@pytest.mark.requirement("install.launcher-crash")
def test_an_install_that_dies_leaves_a_working_launcher_and_the_next_one_no_litter(layout, tmp_path):
    ensure_launcher(layout)
    clean = listed(layout)
    as_before_an_upgrade(layout)
    steps = changes_of(layout, tmp_path / "trail")
    turns = [at for at, step in enumerate(steps, 1) if step.startswith("os.rename") and not step.endswith(".pyc")]
    assert len(turns) == 3  # the seal, the runtime, the launcher
    # The copying and the sweeping of a hundred files: one step is like another.
    for at in sorted({1, *turns, *(turn + 1 for turn in turns), *range(60, len(steps), len(steps) // 3)}):
        as_before_an_upgrade(layout)
        changes_of(layout, tmp_path / "trail", die_at=at)
        assert run(layout, "run", "--entry", "x", "--", "true", PATH="/usr/bin:/bin").returncode == 0
        sweep(layout)
        ensure_launcher(layout)
        assert listed(layout) == clean
        assert launcher_symptoms(layout) == ()
