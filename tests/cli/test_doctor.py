import json
import os
import tempfile
from pathlib import Path

import pytest

from mcpgw.cli import doctor as verb
from mcpgw.cli import install as install_verb
from mcpgw.cli import review as review_verb
from mcpgw.cli.demo_home import aws_key_id
from mcpgw.cli.main import main
from mcpgw.installers.apply import sole_installer
from mcpgw.registry.ledger import Step, append, plan_record
from support.client_home import enter, furnished, write


@pytest.fixture
def home(tmp_path, monkeypatch):
    made = enter(furnished(tmp_path), monkeypatch, verb, install_verb, review_verb)
    assert main(["install", "--yes"]) == 0
    return made


def examine(capsys, *options):
    capsys.readouterr()
    code = main(["doctor", "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def drift(payload):
    return {each["name"]: each["drift"] for each in payload["drift"]}


def edit(path, change):
    tree = json.loads(path.read_bytes())
    change(tree)
    write(path, tree)


@pytest.mark.requirement("doctor.healthy")
def test_a_fresh_install_is_healthy(home, capsys):
    code, payload = examine(capsys)
    assert (code, payload["healthy"], payload["drift"]) == (0, True, [])
    assert main(["doctor"]) == 0
    assert "Healthy" in capsys.readouterr().out


@pytest.mark.requirement("doctor.fix")
def test_what_a_client_rewrote_dropped_or_added_is_shown_and_mended(home, capsys):
    def change(tree):
        tree["mcpServers"]["fs"] |= {"command": "npx", "args": ["-y", "fs", "${HOME}/work"]}
        del tree["projects"][str(home.project)]["mcpServers"]["db"]
        tree["mcpServers"]["late"] = {"command": "late"}

    edit(home.code_file, change)
    before = home.code_file.read_bytes()
    code, payload = examine(capsys)
    assert (code, drift(payload)) == (1, {"fs": "unrouted", "db": "gone", "late": "new"})
    assert main(["doctor", "--fix", "--dry-run"]) == 1
    assert home.code_file.read_bytes() == before
    assert "  first   npx -y fs" in capsys.readouterr().out
    assert main(["doctor", "--fix"]) == 5
    assert home.code_file.read_bytes() == before
    code, payload = examine(capsys, "--fix", "--yes")
    assert (code, payload["mended"], payload["drift"]) == (0, True, [])
    tree = json.loads(home.code_file.read_bytes())
    assert {name: each.get("command") for name, each in tree["mcpServers"].items()} == {
        "fs": home.layout.launcher,
        "sentry": None,
        "late": home.layout.launcher,
    }
    assert tree["projects"][str(home.project)]["mcpServers"] == {}


def test_an_edit_of_a_routed_entry_is_kept_and_no_fault(home, capsys):
    edit(home.code_file, lambda tree: tree["mcpServers"]["fs"]["args"].append("--verbose"))
    code, payload = examine(capsys)
    assert (code, drift(payload)) == (0, {"fs": "edited"})


def test_a_renamed_entry_gets_an_id_of_its_own(home, capsys):
    def rename(tree):
        tree["mcpServers"]["fs2"] = tree["mcpServers"].pop("fs")

    edit(home.code_file, rename)
    assert main(["doctor", "--fix", "--yes"]) == 0
    args = json.loads(home.code_file.read_bytes())["mcpServers"]["fs2"]["args"]
    assert args[2] == "claude-code:user:fs2"
    assert examine(capsys)[1]["drift"] == []


@pytest.mark.requirement("doctor.pull")
def test_a_pull_that_removed_the_gateway_from_a_shared_file_shows(home, capsys):
    shared = home.project / ".mcp.json"
    original = shared.read_bytes()
    assert main(["install", "--yes", "--project-servers", "edit"]) == 0
    shared.write_bytes(original)
    code, payload = examine(capsys)
    assert (code, drift(payload)) == (1, {"shared": "unrouted"})
    assert main(["doctor", "--fix", "--yes"]) == 0
    assert shared.read_bytes() != original


def test_a_shared_file_of_another_project_is_not_taken_for_deleted(home, capsys, monkeypatch):
    assert main(["install", "--yes", "--project-servers", "edit"]) == 0
    edit(home.code_file, lambda tree: tree.pop("projects"))
    monkeypatch.chdir(home.root)
    assert drift(examine(capsys)[1]) == {"db": "gone"}


def test_a_half_finished_plan_is_seen_and_settled(home, capsys):
    step = Step(99, str(home.code_file), str(home.code_file), "0", "1", (), ())
    with sole_installer(home.layout):
        append(home.layout, plan_record(step, at=1.0))
    code, payload = examine(capsys)
    assert (code, [each["check"] for each in payload["symptoms"] if each["weight"] == "mendable"]) == (1, ["plan"])
    assert main(["doctor", "--fix", "--yes"]) == 0
    assert examine(capsys)[0] == 0


def test_a_broken_file_is_named_and_nothing_is_said_of_its_entries(home, capsys):
    write(home.code_file, b'{"a": 1,}')
    code, payload = examine(capsys)
    assert (code, payload["drift"]) == (1, [])
    assert f"{home.code_file}:1:8" in payload["symptoms"][0]["text"]


def test_no_secret_is_shown(home, capsys):
    key = aws_key_id()
    edit(home.code_file, lambda tree: tree["mcpServers"]["fs"].update(command="npx", args=["--key", key]))
    code, _ = examine(capsys)
    assert main(["doctor", "--fix", "--dry-run"]) == code == 1
    out = capsys.readouterr()
    assert key not in out.out + out.err


@pytest.fixture
def shadowed(home):
    """A home in which an approved shared server has a private entry before it; the shared file."""
    edit(home.code_file, lambda tree: tree["projects"][str(home.project)].update(hasTrustDialogAccepted=True))
    write(home.project / ".claude" / "settings.local.json", {"enabledMcpjsonServers": ["shared"]})
    assert main(["install", "--yes", "--project-servers", "shadow"]) == 0
    return home.project / ".mcp.json"


def waiting(payload):
    return [each["next_step"].split("`")[1].split()[-1] for each in payload["symptoms"] if each["check"] == "review"]


def private_entries(home):
    return json.loads(home.code_file.read_bytes())["projects"][str(home.project)]["mcpServers"]


@pytest.mark.requirement("doctor.shadow")
def test_a_private_entry_that_says_what_its_shared_one_says_is_healthy(home, shadowed, capsys):
    assert "shared" in private_entries(home)
    assert examine(capsys)[0] == 0


@pytest.mark.requirement("doctor.shadow")
def test_a_shared_entry_that_changed_waits_for_review_and_follows_it(home, shadowed, capsys):
    write(shadowed, {"mcpServers": {"shared": {"command": "team", "args": ["--new"]}}})
    code, payload = examine(capsys, "--fix", "--yes")
    (ref,) = waiting(payload)
    assert (code, drift(payload)) == (1, {})
    assert main(["review", "approve", ref, "--yes"]) == 0
    code, payload = examine(capsys)
    assert (code, waiting(payload)) == (0, [])
    assert private_entries(home)["shared"]["args"][-1] == "--new"


@pytest.mark.requirement("doctor.shadow")
def test_a_private_entry_without_a_shared_one_is_taken_out(home, shadowed, capsys):
    write(shadowed, {"mcpServers": {}})
    code, payload = examine(capsys)
    assert (code, [each["check"] for each in payload["symptoms"] if each["weight"] == "mendable"]) == (1, ["shadow"])
    assert main(["doctor", "--fix", "--yes"]) == 0
    assert list(private_entries(home)) == ["db"]
    assert examine(capsys)[0] == 0


def test_what_was_approved_of_a_deleted_entry_is_forgotten(home, shadowed, capsys):
    edit(home.code_file, lambda tree: tree["projects"][str(home.project)]["mcpServers"].pop("shared"))
    write(shadowed, {"mcpServers": {"shared": {"command": "other"}}})
    assert len(waiting(examine(capsys)[1])) == 1
    assert main(["doctor", "--fix", "--yes"]) == 0
    assert waiting(examine(capsys)[1]) == []


@pytest.fixture
def open_directory():
    """A directory that everyone can enter, as homes often are; that of pytest is private."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        os.chmod(directory, 0o755)
        yield Path(directory)


@pytest.mark.requirement("doctor.secrets")
def test_a_file_with_secrets_that_others_can_read_is_named(open_directory, home, capsys, monkeypatch):
    file = open_directory / ".claude.json"
    write(file, {"mcpServers": {"fs": {"command": "npx", "env": {"AWS_ACCESS_KEY_ID": aws_key_id()}}}})
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(open_directory))
    file.chmod(0o600)
    assert "secrets" not in {each["check"] for each in examine(capsys)[1]["symptoms"]}
    file.chmod(0o644)
    code, payload = examine(capsys)
    found = {each["check"]: each["text"] for each in payload["symptoms"]}
    assert (code, found["secrets"]) == (1, f"{file} holds secrets and can be read by: everyone")
