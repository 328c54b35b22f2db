"""Shared servers from the command line: one question, one private entry, and every change of the shared one reviewed."""

import errno
import json
import os

import pytest

from mcpgw.audit.query import Query, read
from mcpgw.audit.verify import verify
from mcpgw.cli import doctor, install, review
from mcpgw.cli.main import main
from mcpgw.state.trust import read_approvals
from support.client_home import client_home, enter, write

SHARED = {"mcpServers": {"team": {"command": "npx", "args": ["-y", "team"], "env": {"NODE_OPTIONS": "--require x"}}}}


@pytest.fixture
def home(tmp_path, monkeypatch):
    made = enter(client_home(tmp_path), monkeypatch, doctor, install, review)
    write(made.project / ".mcp.json", SHARED)
    write(made.project / ".claude" / "settings.local.json", {"enabledMcpjsonServers": ["team"]})
    write(made.code_file, {"projects": {str(made.project): {"hasTrustDialogAccepted": True}}})
    return made


def private(home):
    project = json.loads(home.code_file.read_bytes())["projects"][str(home.project)]
    return project.get("mcpServers", {}).get("team", {}).get("args", [])


def change_origin(home, *args):
    write(home.project / ".mcp.json", {"mcpServers": {"team": {**SHARED["mcpServers"]["team"], "args": list(args)}}})


def answer(monkeypatch, *answers):
    """A person at a terminal who gives these answers."""
    left = list(answers)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.confirm", lambda *_, **__: left.pop(0))


@pytest.mark.requirement("install.shadow")
def test_the_shared_file_stays_as_it_is_and_the_private_one_too_after_uninstall(home, capsys):
    shared, before = (home.project / ".mcp.json").read_bytes(), home.code_file.read_bytes()
    assert main(["install", "--yes", "--project-servers", "shadow"]) == 0
    assert private(home)[-3:] == ["npx", "-y", "team"]
    assert (home.project / ".mcp.json").read_bytes() == shared
    capsys.readouterr()
    assert main(["list", "--json"]) == 0
    payload = json.loads(capsys.readouterr().out)
    assert {(each["scope"], each["routed"], each["reason"]) for each in payload["servers"]} == {
        ("local", True, None),
        ("project", False, "shadowed"),
    }
    assert payload["coverage"] == {"routed": 1, "total": 1}
    assert main(["uninstall", "--yes"]) == 0
    assert home.code_file.read_bytes() == before


@pytest.mark.requirement("install.shadow-question")
def test_one_question_is_asked_where_a_person_can_answer(home, monkeypatch, capsys):
    assert main(["install", "--yes"]) == 0
    assert private(home) == []
    answer(monkeypatch, False)
    assert main(["install"]) == 0
    assert private(home) == []
    answer(monkeypatch, True, True)
    assert main(["install"]) == 0
    assert private(home) != []
    assert "that you approved: team" in capsys.readouterr().err
    answer(monkeypatch)
    assert main(["install"]) == 0


@pytest.mark.requirement("install.dangerous-env")
def test_an_environment_that_makes_it_other_code_is_called_out(home, capsys):
    assert main(["install", "--dry-run", "--project-servers", "shadow"]) == 0
    assert "team: NODE_OPTIONS makes Node load other code first" in capsys.readouterr().err


@pytest.mark.requirement("install.shadow-review")
def test_a_changed_origin_waits_for_review_and_approval_renews_the_private_entry(home, capsys):
    assert main(["install", "--yes", "--project-servers", "shadow"]) == 0
    change_origin(home, "-y", "other")
    capsys.readouterr()
    assert main(["install", "--yes"]) == 0
    assert "Changed since approved, and left as it is: team." in capsys.readouterr().out
    assert private(home)[-1] == "team"
    assert main(["doctor", "--json"]) == 1
    found = {each["check"]: each for each in json.loads(capsys.readouterr().out)["symptoms"]}
    assert "withheld" in found["review"]["text"]
    assert main(["review", "list", "--json"]) == 1
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert main(["review", "approve", item["ref"], "--yes"]) == 0
    assert private(home)[-1] == "other"
    assert main(["review", "list"]) == 0


def test_a_shadow_whose_origin_is_gone_is_shown_and_taken_out(home, capsys):
    assert main(["install", "--yes", "--project-servers", "shadow"]) == 0
    write(home.project / ".mcp.json", {"mcpServers": {}})
    capsys.readouterr()
    assert main(["doctor", "--json"]) == 1
    assert "shadow" in {each["check"] for each in json.loads(capsys.readouterr().out)["symptoms"]}
    assert main(["doctor", "--fix", "--yes"]) == 0
    assert private(home) == []


def test_a_server_that_is_rejected_in_the_client_loses_its_shadow(home):
    assert main(["install", "--yes", "--project-servers", "shadow"]) == 0
    write(home.project / ".claude" / "settings.local.json", {"disabledMcpjsonServers": ["team"]})
    assert main(["install", "--yes"]) == 0
    assert private(home) == []


def edit_private(home, change):
    tree = json.loads(home.code_file.read_bytes())
    change(tree["projects"][str(home.project)]["mcpServers"])
    write(home.code_file, tree)
    return tree


@pytest.mark.requirement("install.shadow-taken-over")
@pytest.mark.parametrize("command", [["install", "--yes"], ["doctor", "--fix", "--yes"]])
def test_an_edited_private_entry_is_its_owners_from_then_on(home, command, capsys):
    assert main(["install", "--yes", "--project-servers", "shadow"]) == 0
    meant = edit_private(home, lambda servers: servers["team"].update(env={"MINE": "1"}))
    assert main(command) == 0
    routed = home.code_file.read_bytes()
    assert "--shadow" not in private(home)
    assert json.loads(routed)["projects"][str(home.project)]["mcpServers"]["team"]["env"] == {"MINE": "1"}
    write(home.project / ".mcp.json", {"mcpServers": {}})
    assert main(["install", "--yes"]) == 0
    assert home.code_file.read_bytes() == routed
    assert main(["review", "list"]) == 0
    assert main(["uninstall", "--yes"]) == 0
    meant["projects"][str(home.project)]["mcpServers"]["team"].update(command="npx", args=["-y", "team"])
    assert json.loads(home.code_file.read_bytes()) == meant


@pytest.mark.requirement("doctor.shadow-taken-over")
def test_doctor_names_a_private_entry_that_was_edited_or_renamed(home, capsys):
    assert main(["install", "--yes", "--project-servers", "shadow"]) == 0
    edit_private(home, lambda servers: servers.update(mine=servers["team"]))
    edit_private(home, lambda servers: servers["team"]["args"].append("--mine"))
    capsys.readouterr()
    assert main(["doctor", "--json"]) == 1
    payload = json.loads(capsys.readouterr().out)
    assert {each["name"]: each["drift"] for each in payload["drift"]} == {"team": "taken-over", "mine": "taken-over"}
    assert all("it is your own now" in each["text"] for each in payload["symptoms"] if each["check"] == "drift")
    assert main(["doctor", "--fix", "--yes"]) == 0
    assert main(["doctor"]) == 0


def acts(home):
    return [
        (each.record["method"], each.record["reason"])
        for each in read(home.layout, Query(direction="control"))
        if each.record["type"] == "action"
    ]


@pytest.mark.requirement("audit.weakening")
def test_what_is_approved_and_left_out_is_journaled_once(home):
    write(home.code_file, {**json.loads(home.code_file.read_bytes()), "mcpServers": {"own": {"command": "x"}}})
    options = ("--observe", "--except", "own", "--project-servers", "shadow")
    assert main(["install", "--dry-run", *options]) == 0
    assert acts(home) == []
    assert main(["install", "--yes", *options]) == 0
    origin = home.entries()["team"].gateway_id
    said = f"observe: nothing is blocked; leave out: claude-code:user:own; approve: {origin} (shadow)"
    assert acts(home) == [("install", said)]
    assert verify(home.layout).intact
    assert main(["install", "--yes", *options]) == 0
    assert len(acts(home)) == 1


def test_an_install_that_lowers_nothing_leaves_no_act(home):
    assert main(["install", "--yes"]) == 0
    assert acts(home) == []


@pytest.mark.requirement("audit.weakening")
def test_an_act_that_cannot_be_journaled_is_not_done(home):
    write(home.root / "state" / "audit", b"no directory")
    before = home.code_file.read_bytes()
    assert main(["install", "--yes", "--project-servers", "shadow"]) == 6
    assert home.code_file.read_bytes() == before
    assert read_approvals(home.layout) == ()


@pytest.mark.requirement("trust.failed-install")
def test_nothing_is_approved_by_an_install_that_fails(home, monkeypatch, capsys):
    replace, before = os.replace, home.code_file.read_bytes()

    def full(source, target):
        if target == str(home.code_file):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        assert main(["install", "--yes", "--project-servers", "shadow"]) == 6
    assert f"{home.code_file} cannot be rewritten" in capsys.readouterr().err
    assert home.code_file.read_bytes() == before
    assert read_approvals(home.layout) == ()
    assert main(["install", "--yes", "--project-servers", "shadow"]) == 0
    assert [each.name for each in read_approvals(home.layout)] == ["team"]
