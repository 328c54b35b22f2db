import shutil
import subprocess

import pytest

from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import install, plan_install
from mcpgw.installers.rollback_script import ledger_files, main
from mcpgw.registry.select import Choice
from support.client_home import furnished, write


@pytest.fixture
def home(tmp_path):
    return furnished(tmp_path)


def routed(home):
    """The bytes of the client files before they were routed."""
    before = {path: path.read_bytes() for path in (home.code_file, home.desktop_file)}
    plan = plan_install(home.place, home.layout, Choice(), Tolerance(), ())
    install(home.layout, plan, observe=False, now=1.0)
    assert all(path.read_bytes() != content for path, content in before.items())
    return before


def on_disk(before):
    return {path: path.read_bytes() for path in before}


@pytest.mark.requirement("rollback.stand-alone")
def test_the_script_works_with_nothing_but_the_ledger(home):
    before = routed(home)
    done = subprocess.run([home.layout.rollback_script], capture_output=True, text=True, timeout=30, env={}, cwd="/")
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 unwrapped" in done.stderr
    assert on_disk(before) == before


def test_the_script_works_with_the_state_gone(home, tmp_path):
    before = routed(home)
    shutil.copy(home.layout.rollback_script, tmp_path / "rollback")
    shutil.rmtree(home.layout.root)
    done = subprocess.run(
        [str(tmp_path / "rollback"), *map(str, before)], capture_output=True, text=True, timeout=30, env={}, cwd="/"
    )
    assert done.returncode == 0
    assert on_disk(before) == before


def test_a_second_time_finds_nothing(home, capsys):
    before = routed(home)
    argv = ["mcpgw-rollback", str(home.code_file)]
    assert (main(argv), main(argv)) == (0, 0)
    assert "nothing of ours" in capsys.readouterr().err
    assert home.code_file.read_bytes() == before[home.code_file]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_done(home, capsys):
    before = routed(home)
    write(home.desktop_file, b"{")
    assert main(["mcpgw-rollback", str(home.desktop_file), str(home.code_file)]) == 1
    assert f"{home.desktop_file}:1:2:" in capsys.readouterr().err
    assert home.code_file.read_bytes() == before[home.code_file]


def test_odd_entries_are_passed_over(home):
    content = write(home.code_file, b'{"mcpServers": {"a": 1, "b": {"args": []}, "c": {"command": "x", "args": [1]}}}')
    assert main(["mcpgw-rollback", str(home.code_file)]) == 0
    assert home.code_file.read_bytes() == content


def test_a_ledger_line_that_is_broken_is_passed_over(tmp_path):
    (tmp_path / "ledger.jsonl").write_bytes(b'{"kind": "plan", "file": "/no/such"}\n[]\n{"kind"')
    assert ledger_files(str(tmp_path)) == []
    assert ledger_files(str(tmp_path / "none")) == []


def test_help_is_no_file_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mcpgw-rollback", "--help"]) == 0
    assert "takes the gateway off" in capsys.readouterr().err
