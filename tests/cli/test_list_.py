import json
import shutil

import pytest

from mcpgw.cli import install as install_verb
from mcpgw.cli.main import main
from support.client_home import enter, furnished, write


@pytest.fixture
def home(tmp_path, monkeypatch):
    return enter(furnished(tmp_path), monkeypatch, install_verb)


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


@pytest.mark.requirement("list.project")
def test_one_session_instead_of_every_project(home, capsys, tmp_path):
    assert main(["list", "--client", "claude-code", "--project", str(home.home), "--json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["servers"]] == ["fs", "sentry"]
    assert main(["list", "--project", str(tmp_path / "none")]) == 2
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.requirement("list.connectors")
def test_an_accounts_connectors_are_said_to_be_unseen(home, capsys):
    tree = json.loads(home.code_file.read_bytes())
    write(home.code_file, {**tree, "oauthAccount": {}, "claudeAiMcpEverConnected": ["claude.ai Notion"]})
    assert main(["list"]) == 0
    out = capsys.readouterr().out
    assert "claude.ai Notion" in out
    assert "listed only once they have connected" in out


@pytest.mark.requirement("cli.no-directory")
@pytest.mark.parametrize("verb", ["list", "status", "doctor", "install", "uninstall"])
def test_from_a_directory_that_is_gone(home, capsys, verb):
    assert main(["install", "--yes"]) == 0
    capsys.readouterr()
    shutil.rmtree(home.project)
    assert main([verb, *(["--yes"] if "install" in verb else [])]) in (0, 1)
    assert capsys.readouterr().err.count("the working directory has been deleted") == 1
