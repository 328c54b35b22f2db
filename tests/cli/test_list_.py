import json

import pytest

from mcpgw.cli import install as install_verb
from mcpgw.cli.main import main
from support.client_home import furnished, write


@pytest.fixture
def home(tmp_path, monkeypatch):
    made = furnished(tmp_path)
    for name in ("CLAUDECODE", "CLAUDE_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in made.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made.project)
    monkeypatch.setattr(install_verb, "running_processes", lambda: ())
    return made


@pytest.mark.requirement("list.every-server")
def test_every_server_with_its_source_and_why_not(home, capsys):
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert [line[0] for line in lines[1:6]] == ["fs", "sentry", "db", "shared", "git"]
    assert "~/.claude.json" in out
    assert out.endswith("0 of 5 servers routed (0 %)\n")


@pytest.mark.requirement("list.coverage")
def test_after_an_install_it_tells_routed_and_new(home, capsys):
    main(["install", "--yes"])
    tree = json.loads(home.code_file.read_bytes())
    tree["mcpServers"]["late"] = {"command": "late", "args": ["--token", "sk-secret"]}
    write(home.code_file, tree)
    capsys.readouterr()
    assert main(["list", "--json"]) == 0
    out = capsys.readouterr().out
    payload = json.loads(out)
    servers = {server["name"]: server for server in payload["servers"]}
    assert payload["schema"] == "mcpgw.list/1"
    assert payload["coverage"] == {"routed": 3, "total": 6}
    assert (servers["fs"]["routed"], servers["fs"]["new"]) == (True, False)
    assert (servers["late"]["reason"], servers["late"]["new"]) == ("not-installed", True)
    assert "sk-secret" not in out
    main(["list"])
    assert "(new since install)" in capsys.readouterr().out


def test_filters(home, capsys):
    assert main(["list", "--client", "claude-desktop"]) == 0
    assert "0 of 1 servers" in capsys.readouterr().out
    assert main(["list", "--scope", "managed"]) == 0
    assert "No client has a server." in capsys.readouterr().out


def test_broken_files_are_named(home, capsys):
    write(home.code_file, b"{")
    assert main(["list"]) == 0
    assert f"{home.code_file}:1:2: the JSON ends too early" in capsys.readouterr().out
