import json

import pytest

from mcpgw.audit.query import Query, read
from mcpgw.cli.main import main
from mcpgw.installers.trust import forget
from mcpgw.registry.entry import wrap
from mcpgw.state.trust import read_approval
from support.peer import Peer
from support.shared_project import shared_project

KEY = "AKIAQ3EGRT5LZW7YKX2M"


@pytest.fixture
def project(tmp_path, monkeypatch):
    made = shared_project(tmp_path, tmp_path / "state")
    monkeypatch.setenv("MCPGW_HOME", made.layout.root)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDECODE", raising=False)
    monkeypatch.chdir(made.root)
    made.share("sh", "-c", "old")
    made.approve("sh", "-c", "old")
    return made


@pytest.fixture
def ref(project, capsys):
    """The entry has changed; the REF that the list names."""
    project.share("sh", "-c", f"new {KEY}", "more", env={"NODE_OPTIONS": "--require ./evil.js"})
    assert main(["review", "list", "--json"]) == 1
    (item,) = json.loads(capsys.readouterr().out)["items"]
    return item["ref"]


def test_nothing_waits(project, capsys):
    assert main(["review", "list"]) == 0
    assert capsys.readouterr().out == "Nothing waits for you.\n"


@pytest.mark.requirement("trust.review")
def test_the_list_names_server_file_and_difference(project, ref, capsys):
    assert main(["review", "list"]) == 1
    out = capsys.readouterr().out
    assert f"{ref}  shared  {project.file}  its args and env changed since it was approved" in out


@pytest.mark.requirement("trust.review-show")
def test_old_and_new_stand_side_by_side_masked_and_dangers_are_named(project, ref, capsys):
    assert main(["review", "show", ref.lower()]) == 0
    out = capsys.readouterr().out
    rows = {
        line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith(("command", "args", "env"))
    }
    assert rows["command"] == ["sh", "sh"]
    assert rows["args[1]"][:2] == ["old", "new"]
    assert rows["args[2]"] == ["-", "more"]
    assert "! NODE_OPTIONS makes Node load other code first" in out
    assert KEY not in out and "evil" not in out
    assert main(["review", "show", ref, "--json"]) == 0
    item = json.loads(capsys.readouterr().out)["item"]
    assert (item["before"]["args"], item["now"]["env"]) == (["-c", "old"], ["NODE_OPTIONS"])
    assert KEY not in json.dumps(item)


@pytest.mark.requirement("trust.review")
def test_approving_ends_it_and_leaves_a_record(project, ref, capsys):
    assert main(["review", "approve", ref, "--yes"]) == 0
    out = capsys.readouterr().out
    assert "Approved shared." in out
    assert read_approval(project.layout, project.entry_id).words.env_keys == ("NODE_OPTIONS",)
    assert main(["review", "list"]) == 0
    (deed,) = read(project.layout, Query(direction="control"))
    assert (deed.record["method"], ref in deed.record["reason"]) == ("review-approve", True)
    assert deed.record["ancestry"]
    assert KEY not in deed.raw.decode()


@pytest.mark.requirement("trust.review")
def test_a_denied_content_is_not_listed_but_can_still_be_approved(project, ref, capsys):
    assert main(["review", "deny", ref, "--yes"]) == 0
    assert "stays withheld" in capsys.readouterr().out
    assert main(["review", "list"]) == 0
    assert main(["review", "show", ref]) == 0
    assert "denied before" in capsys.readouterr().out
    assert main(["review", "approve", ref, "--yes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verb"] == "approve"


@pytest.mark.requirement("trust.review-weakening")
def test_an_agent_cannot_approve(project, ref, monkeypatch, capsys):
    monkeypatch.setenv("CLAUDECODE", "1")
    assert main(["review", "approve", ref, "--yes"]) == 5
    assert capsys.readouterr().out == ""
    assert main(["review", "list"]) == 1
    assert main(["review", "approve", ref, "--dry-run"]) == 0


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_without_yes_or_with_dry_run_nothing_changes(project, ref, verb, capsys):
    before = read_approval(project.layout, project.entry_id)
    assert main(["review", verb, ref]) == 5
    assert main(["review", verb, ref, "--dry-run"]) == 0
    assert f"Would {verb} shared" in capsys.readouterr().out
    assert read_approval(project.layout, project.entry_id) == before


@pytest.mark.parametrize("verb", ["show", "approve", "deny"])
def test_an_unknown_ref(project, ref, verb, capsys):
    project.share("sh", "-c", "changed once more")
    more = [] if verb == "show" else ["--yes"]
    assert main(["review", verb, ref, *more]) == 4
    assert "`mcpgw review list`" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_what_is_gone_cannot_be_decided(project, verb, capsys):
    project.file.unlink()
    main(["review", "list", "--json"])
    ref = json.loads(capsys.readouterr().out)["items"][0]["ref"]
    assert main(["review", verb, ref, "--yes"]) == 5
    assert "there is nothing to" in capsys.readouterr().err
    assert not list(read(project.layout, Query()))
    assert main(["review", "show", ref]) == 0


def test_another_program_is_shown_with_its_digest(project, capsys):
    command = project.program()
    project.share(command)
    project.approve(command)
    project.program("banner=new")
    assert main(["review", "list", "--json"]) == 1
    ref = json.loads(capsys.readouterr().out)["items"][0]["ref"]
    assert main(["review", "show", ref]) == 0
    assert capsys.readouterr().out.count("sha256") == 2
    assert main(["review", "approve", ref, "--yes"]) == 0
    assert main(["review", "list"]) == 0


def test_a_start_that_nobody_can_approve_is_explained_from_the_journal(project, capsys):
    project.share_routed("sh", "-c", "other")
    with Peer(project.gateway("sh", "-c", "never approved"), project.root.parent / "state") as peer:
        peer.open().end()
        project.share("sh", "-c", "old")
    starts = [line.record for line in read(project.layout, Query(direction="control"))]
    assert main(["review", "show", starts[0]["ref"]]) == 4
    assert f"the journal has it for {project.entry_id}" in capsys.readouterr().err


@pytest.fixture
def cloned(project, capsys):
    """The project comes with a routed entry that nobody has approved here; the item that the list has of it."""
    forget(project.layout, [project.entry_id])
    project.share_routed("sh", "-c", f"cloned {KEY}")
    assert main(["review", "list", "--json"]) == 1
    (item,) = json.loads(capsys.readouterr().out)["items"]
    return item


@pytest.mark.requirement("trust.came-routed")
def test_a_ready_made_routed_line_is_listed_with_what_approving_it_does(project, cloned, capsys):
    assert (cloned["cause"], cloned["before"], cloned["approved_at"]) == ("unapproved", None, None)
    assert cloned["now"]["command"] == "sh"
    shown = project.file.read_bytes()
    for verb in (["list"], ["show", cloned["ref"]]):
        main(["review", *verb])
        out = capsys.readouterr().out
        assert "nobody on this machine has approved it" in out
        assert f"`mcpgw review approve {cloned['ref']}` lets it start as it stands; no file is edited." in out
        assert KEY not in out
    assert main(["review", "approve", cloned["ref"], "--yes"]) == 0
    assert read_approval(project.layout, project.entry_id).words.args == ("-c", f"cloned {KEY}")
    assert main(["review", "list"]) == 0
    assert project.file.read_bytes() == shown


@pytest.mark.requirement("trust.came-routed")
def test_a_ready_made_line_that_is_denied_stays_withheld_and_is_listed_when_it_changes(project, cloned, capsys):
    assert main(["review", "deny", cloned["ref"], "--yes"]) == 0
    assert main(["review", "list"]) == 0
    with Peer(project.gateway("sh", "-c", f"cloned {KEY}"), project.root.parent / "state") as peer:
        peer.open().end()
        assert b"was not started: nobody on this machine has approved it" in peer.stderr.read()
    project.share_routed("sh", "-c", "another")
    assert main(["review", "list"]) == 1
    project.file.unlink()
    assert main(["review", "list"]) == 0
    capsys.readouterr()


@pytest.mark.requirement("trust.came-routed")
def test_the_ref_of_the_refused_start_is_that_of_the_list(project, cloned):
    with Peer(project.gateway("sh", "-c", f"cloned {KEY}"), project.root.parent / "state") as peer:
        peer.open().end()
        assert f"review show {cloned['ref']}".encode() in peer.stderr.read()


def test_what_comes_with_another_launcher_starts_no_gateway_here(project, capsys):
    forget(project.layout, [project.entry_id])
    project.share("/their/bin/mcpgw", *wrap(project.entry_id, "sh", ["-c", "x"]))
    assert main(["review", "list"]) == 0
