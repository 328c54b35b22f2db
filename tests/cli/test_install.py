import json
import os

import pytest

from mcpgw.cli import install as verb
from mcpgw.cli.main import main
from mcpgw.installers.sessions import Process
from support.client_home import enter, furnished, write


@pytest.fixture
def home(tmp_path, monkeypatch):
    return enter(furnished(tmp_path), monkeypatch, verb, running=[Process(77, "claude", 1.0)])


def contents(home):
    return home.code_file.read_bytes(), home.desktop_file.read_bytes()


def reasons(capsys):
    """Each server's reason not to be routed, as `list` says it."""
    capsys.readouterr()
    assert main(["list", "--json"]) == 0
    return {each["name"]: each["reason"] for each in json.loads(capsys.readouterr().out)["servers"]}


@pytest.mark.requirement("install.report")
def test_it_ends_with_what_is_routed_what_is_not_and_the_next_step(home, capsys):
    assert main(["install", "--yes"]) == 0
    out = capsys.readouterr().out
    assert '- "command": "npx"' in out
    assert "Not routed:" in out
    assert "remote server: not routed yet" in out
    assert "shared project file, waiting for your approval in the client" in out
    assert "Still unprotected until restarted:\n  Claude Code, pid 77" in out
    assert "3 of 5 servers routed (60 %)" in out
    assert "Next: restart Claude Code and Claude Desktop" in out


def test_a_second_time_says_that_nothing_changed(home, capsys):
    main(["install", "--yes"])
    before = contents(home)
    capsys.readouterr()
    assert main(["install"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("No client file had to change.")
    assert contents(home) == before
    os.unlink(home.layout.launcher)
    assert main(["install"]) == 0
    assert "The launcher was renewed." in capsys.readouterr().out


def test_a_dry_run_shows_the_plan_and_changes_nothing(home, capsys):
    before = contents(home)
    assert main(["install", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "@@ line" in out
    assert "3 servers would be routed." in out
    assert contents(home) == before
    assert not os.path.exists(home.layout.root)


@pytest.mark.requirement("install.consent")
def test_without_a_terminal_it_wants_yes(home, capsys):
    before = contents(home)
    assert main(["install"]) == 5
    assert "--yes" in capsys.readouterr().err
    assert contents(home) == before


def test_json_goes_to_stdout_and_the_diff_to_stderr(home, capsys):
    assert main(["install", "--yes", "--json"]) == 0
    captured = capsys.readouterr()
    payload = json.loads(captured.out)
    assert payload["schema"] == "mcpgw.install/1"
    assert payload["coverage"] == {"routed": 3, "total": 5}
    assert payload["unprotected_sessions"] == [{"client": "Claude Code", "pid": 77}]
    assert [len(file["entries"]) for file in payload["files"]] == [2, 1]
    assert "@@ line" in captured.err


def test_only_the_named_servers(home, capsys):
    assert main(["install", "--yes", "fs", "--json"]) == 0
    payload = json.loads(capsys.readouterr().out)
    assert [server["name"] for server in payload["servers"] if server["routed"]] == ["fs"]
    assert main(["install", "--yes", "nope"]) == 4
    assert main(["install", "--yes", "--project-servers", "some"]) == 2


@pytest.mark.requirement("install.except")
def test_what_is_left_out_stays_out_until_it_is_named(home, capsys):
    assert main(["install", "--yes", "--except", "fs"]) == 0
    assert main(["install", "--yes"]) == 0
    assert reasons(capsys)["fs"] == "opted-out"
    assert main(["install", "--yes", "fs"]) == 0
    assert reasons(capsys)["fs"] is None
    assert main(["install", "--yes", "--except", "fs"]) == 2


def test_a_choice_is_kept_where_nothing_else_changes(home, capsys):
    assert main(["install", "--yes", "--except", "fs", "--except", "db", "--except", "git mine"]) == 0
    assert reasons(capsys)["db"] == "opted-out"


@pytest.mark.requirement("install.project-edit")
def test_a_shared_file_is_edited_only_when_asked_for(home, capsys):
    shared = home.project / ".mcp.json"
    before = shared.read_bytes()
    assert main(["install", "--yes"]) == 0
    assert shared.read_bytes() == before
    assert main(["install", "--yes", "--project-servers", "edit"]) == 0
    assert json.loads(shared.read_bytes())["mcpServers"]["shared"]["args"][-1] == "team"
    assert "a pull can remove the gateway" in capsys.readouterr().out
    assert main(["install", "--yes"]) == 0
    assert main(["uninstall", "--yes"]) == 0
    assert shared.read_bytes() == before


@pytest.mark.requirement("install.bad-input")
def test_a_broken_file_ends_it_with_its_place(home, capsys):
    before = home.desktop_file.read_bytes()
    write(home.code_file, b'{"a": 1,}')
    assert main(["install", "--yes"]) == 3
    assert f"{home.code_file}:1:8: a comma" in capsys.readouterr().err
    assert home.desktop_file.read_bytes() == before
    assert main(["install", "--yes", "--keep-going"]) == 7
    assert "Left out:" in capsys.readouterr().out
    assert home.desktop_file.read_bytes() != before


def test_a_file_that_cannot_be_replaced_is_the_environments_fault(home, capsys):
    os.link(home.code_file, home.root / "twin")
    before = contents(home)
    assert main(["install", "--yes"]) == 6
    assert "hard links" in capsys.readouterr().err
    assert contents(home) == before


def test_observe_starts_with_a_config_and_never_edits_one(home, capsys):
    assert main(["install", "--yes", "--observe"]) == 0
    with open(home.layout.config_file) as file:
        assert 'profile = "observe"' in file.read()
    write(home.root / "state" / "config.toml", b'profile = "strict"\n')
    assert main(["install", "--yes", "--observe"]) == 0
    assert "was left alone" in capsys.readouterr().err


@pytest.mark.requirement("install.weakening")
@pytest.mark.parametrize(
    "options", [("--observe",), ("--except", "fs"), ("--project-servers", "edit"), ("--project-servers", "shadow")]
)
def test_an_agent_cannot_lower_protection_by_it(home, monkeypatch, capsys, options):
    settings = {"enabledMcpjsonServers": ["shared"], "hasTrustDialogAccepted": True}
    write(home.code_file, {"mcpServers": {"fs": {"command": "npx"}}, "projects": {str(home.project): settings}})
    before = contents(home)
    monkeypatch.setenv("CLAUDECODE", "1")
    assert main(["install", "--yes", *options]) == 5
    assert "agent" in capsys.readouterr().err
    assert contents(home) == before
    assert main(["install", "--dry-run", *options]) == 0
    assert main(["install", "--yes"]) == 0


def test_a_home_without_servers_is_no_error(home, capsys):
    home.code_file.unlink()
    home.desktop_file.unlink()
    (home.project / ".mcp.json").unlink()
    assert main(["install", "--yes"]) == 0
    assert "no server that a client would start" in capsys.readouterr().out
    assert not os.path.exists(home.layout.root)


@pytest.mark.requirement("cli.diff-masked")
@pytest.mark.parametrize(
    "verb", [["install"], ["install", "--json"], ["doctor", "--fix"], ["uninstall"], ["uninstall", "--json"]]
)
def test_no_plan_shows_a_secret_that_only_an_option_tells_of(home, capsys, verb):
    secret = "hunter2hunter2x"
    if verb[0] == "doctor":  # it routes what came after an install
        assert main(["install", "--yes"]) == 0
    tree = json.loads(home.code_file.read_bytes())
    tree["mcpServers"]["named"] = {"command": "npx", "args": ["srv", "--api-key", secret]}
    write(home.code_file, tree)
    if verb[0] == "uninstall":
        assert main(["install", "--yes"]) == 0
    capsys.readouterr()
    main([*verb, "--dry-run"])
    captured = capsys.readouterr()
    assert "--api-key" in captured.out + captured.err
    assert secret not in captured.out + captured.err
