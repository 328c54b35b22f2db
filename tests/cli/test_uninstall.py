import json
import os
import shutil
from pathlib import Path

import pytest

from mcpgw.cli import install as install_verb
from mcpgw.cli import uninstall as verb
from mcpgw.cli.main import main
from mcpgw.state.instance import Identity, open_instance
from support.client_home import enter, furnished, write


@pytest.fixture
def home(tmp_path, monkeypatch):
    return enter(furnished(tmp_path), monkeypatch, verb, install_verb)


@pytest.fixture
def before(home, capsys):
    """The bytes before; the servers are then routed."""
    content = contents(home)
    assert main(["install", "--yes"]) == 0
    capsys.readouterr()
    return content


def contents(home):
    return home.code_file.read_bytes(), home.desktop_file.read_bytes()


def test_it_puts_everything_back(home, before, capsys):
    assert main(["uninstall", "--yes"]) == 0
    out = capsys.readouterr().out
    assert '+ "command": "npx"' in out
    assert "The gateway is off 3 servers." in out
    assert contents(home) == before
    assert main(["uninstall", "--yes"]) == 0
    assert "No server was routed" in capsys.readouterr().out


@pytest.mark.requirement("uninstall.without-state")
@pytest.mark.parametrize("options", [(), ("--purge",)])
@pytest.mark.parametrize("in_its_place", [None, b"", b"not mine"])
def test_it_works_with_the_state_gone_and_says_that_no_journal_has_it(home, before, capsys, options, in_its_place):
    shutil.rmtree(home.layout.root)
    state = Path(home.layout.root)
    if in_its_place is not None:
        state.write_bytes(in_its_place)
    assert main(["uninstall", "--yes", *options]) == 0
    said = capsys.readouterr()
    assert said.err == f"mcpgw: no state directory is at {home.layout.root}: no journal has a record of this\n"
    assert "The gateway is off 3 servers." in said.out
    assert contents(home) == before
    assert (state.read_bytes() if state.exists() else None) == in_its_place


@pytest.mark.requirement("uninstall.weakening")
def test_an_agent_cannot_take_it_off(home, before, capsys, monkeypatch):
    routed = contents(home)
    monkeypatch.setenv("CLAUDECODE", "1")
    assert main(["uninstall", "--yes"]) == 5
    assert contents(home) == routed
    assert "uninstall" not in capsys.readouterr().err
    assert main(["uninstall", "--dry-run"]) == 0


def test_without_a_terminal_it_wants_yes(home, before, capsys):
    routed = contents(home)
    assert main(["uninstall"]) == 5
    assert contents(home) == routed


def test_a_dry_run_changes_nothing(home, before, capsys):
    routed = contents(home)
    assert main(["uninstall", "--dry-run"]) == 0
    assert "The gateway would go off 3 servers." in capsys.readouterr().out
    assert contents(home) == routed


@pytest.mark.requirement("uninstall.sessions")
def test_sessions_that_stay_routed_are_named(home, before, capsys):
    instance = open_instance(home.layout, Identity("fs", "claude-code:user:fs"), now=1.0)
    assert main(["uninstall", "--yes", "--purge"]) == 5
    capsys.readouterr()
    assert main(["uninstall", "--yes"]) == 0
    out = capsys.readouterr().out
    assert f"Still routed until their client is restarted:\n  fs (instance {instance.id})" in out
    instance.close()


def test_json(home, before, capsys):
    instance = open_instance(home.layout, Identity("fs", "claude-code:user:fs"), now=1.0)
    assert main(["uninstall", "--yes", "--json", "fs"]) == 0
    payload = json.loads(capsys.readouterr().out)
    assert payload["schema"] == "mcpgw.uninstall/1"
    assert payload["still_routed"] == [{"instance": instance.id, "server": "fs"}]
    assert [entry["name"] for file in payload["files"] for entry in file["entries"]] == ["fs"]
    instance.close()


@pytest.mark.requirement("uninstall.purge")
def test_purge_removes_all_state(home, before, capsys):
    assert main(["uninstall", "--yes", "--purge", "fs"]) == 2
    assert main(["uninstall", "--yes", "--purge"]) == 0
    assert "All state was removed." in capsys.readouterr().out
    assert not os.path.exists(home.layout.root)
    assert contents(home) == before


def test_a_broken_file(home, before, capsys):
    write(home.code_file, b"{")
    assert main(["uninstall", "--yes"]) == 3
    assert main(["uninstall", "--yes", "--keep-going", "--purge"]) == 7
    assert home.desktop_file.read_bytes() == before[1]
    # A file that may still name the launcher keeps the state.
    assert os.path.exists(home.layout.launcher)
