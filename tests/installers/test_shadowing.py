import json
from dataclasses import replace

import pytest

from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import install, plan_install
from mcpgw.installers.project_servers import ProjectServers
from mcpgw.installers.shadowing import Footing, offered, shadows_out_of_step, to_approve, unshadowed
from mcpgw.installers.uninstall import plan_uninstall, uninstall
from mcpgw.registry.discover import discover
from mcpgw.registry.ledger import entries, read_ledger
from mcpgw.registry.select import Choice
from mcpgw.state.trust import read_approvals
from support.client_home import client_home, write


@pytest.fixture
def home(tmp_path):
    made = client_home(tmp_path)
    shared = {"mcpServers": {"team": {"command": "npx", "args": ["-y"], "env": {"B": "1", "A": "2"}}}}
    write(made.project / ".mcp.json", shared)
    write(made.project / ".claude" / "settings.local.json", {"enabledMcpjsonServers": ["team"]})
    write(made.code_file, {"projects": {str(made.project): {"hasTrustDialogAccepted": True}}})
    return made


def plan(home, mode=ProjectServers.SHADOW, choice=None):
    return plan_install(home.place, home.layout, choice or Choice(), Tolerance(), (), mode)


def shadow(home):
    return install(home.layout, plan(home), observe=False, now=1.0)


def out_of_step(home, *unreviewed):
    found, installed = discover(home.place), read_ledger(home.layout).installed
    return list(shadows_out_of_step(Footing(found, installed, frozenset(unreviewed), home.layout.launcher)))


def origin_id(home):
    return home.entries()["team"].gateway_id


def test_what_is_offered_is_what_has_no_shadow(home):
    assert [entry.name for entry in offered(discover(home.place))] == ["team"]
    shadow(home)
    assert offered(discover(home.place)) == ()


def test_agreeing_to_a_shadow_approves_its_origin_as_it_stands(home):
    found = plan(home)
    (approved,) = to_approve(found.files, found.discovery)
    assert (approved.kind, approved.command, approved.args, approved.project) == (
        "shadow",
        "npx",
        ("-y",),
        str(home.project),
    )
    shadow(home)
    (record,) = read_approvals(home.layout)
    assert (record.entry_id, record.words.env_keys) == (origin_id(home), ("A", "B"))
    assert list(to_approve(plan(home).files, discover(home.place))) == []


def test_agreeing_to_an_edit_does_so_too(home):
    install(home.layout, plan(home, ProjectServers.EDIT), observe=False, now=1.0)
    assert [record.kind for record in read_approvals(home.layout)] == ["edit"]


def test_the_gateway_of_a_shadow_has_the_origins_policy(home):
    shadow(home)
    (known,) = entries(home.layout)
    assert (known.entry_id, known.scope, known.config_file) == (
        origin_id(home),
        "project",
        str(home.project / ".mcp.json"),
    )


def test_the_approval_goes_with_the_last_shadow(home):
    shadow(home)
    (home.project / ".mcp.json").unlink()
    found = plan(home, ProjectServers.SKIP)
    assert unshadowed(found.files, found.discovery) == {origin_id(home)}
    install(home.layout, found, observe=False, now=2.0)
    assert read_approvals(home.layout) == ()
    assert "team" not in home.entries()


def test_uninstall_leaves_neither_shadow_nor_approval(home):
    before = home.code_file.read_bytes()
    shadow(home)
    uninstall(home.layout, plan_uninstall(home.place, home.layout, Choice(), Tolerance(), ()), now=2.0)
    assert home.code_file.read_bytes() == before
    assert read_approvals(home.layout) == ()


def test_a_shadow_stays_while_nobody_can_read_what_it_stands_before(home):
    shadow(home)
    shared = home.project / ".mcp.json"
    good = shared.read_bytes()
    write(shared, b"<<<<<<< HEAD\n" + good)
    assert not plan(home).changed
    shadow(home)
    assert out_of_step(home) == []
    write(shared, good.replace(b"-y", b"-x"))
    assert plan(home).unreviewed == {origin_id(home)}


def test_what_is_shared_above_a_project_is_seen_from_everywhere(home):
    (home.project / ".mcp.json").rename(home.root / ".mcp.json")
    shadow(home)
    elsewhere = replace(home.place, cwd=str(home.home))
    assert not plan_install(elsewhere, home.layout, Choice(), Tolerance(), ()).changed


def test_an_origin_that_changed_waits_for_review_whatever_the_mode(home):
    shadow(home)
    write(home.project / ".mcp.json", {"mcpServers": {"team": {"command": "evil"}}})
    for mode in ProjectServers:
        found = plan(home, mode)
        assert not found.changed
        assert found.unreviewed == {origin_id(home)}
    assert out_of_step(home, origin_id(home)) == []


def test_an_install_of_one_other_server_leaves_shadows_alone(home):
    shadow(home)
    write(home.code_file.parent / ".cursor" / "mcp.json", {"mcpServers": {"own": {"command": "x"}}})
    (home.project / ".mcp.json").unlink()
    found = plan(home, ProjectServers.SKIP, Choice(("own",)))
    assert [change.entry.name for file in found.files for change in file.changes] == ["own"]


@pytest.mark.requirement("install.shadow-taken-over")
def test_an_edited_shadow_is_routed_like_any_private_entry_and_its_origin_is_approved_no_longer(home):
    shadow(home)
    origin = origin_id(home)
    tree = json.loads(home.code_file.read_bytes())
    tree["projects"][str(home.project)]["mcpServers"]["team"]["args"].append("--mine")
    write(home.code_file, tree)
    (home.project / ".mcp.json").unlink()
    assert out_of_step(home) == []
    shadow(home)
    entry = home.entries()["team"]
    assert (entry.wrapped.entry_id, entry.wrapped.args, entry.is_shadow) == (entry.entry_id, ("-y", "--mine"), False)
    (known,) = read_ledger(home.layout).installed
    assert (known.entry_id, known.before, known.origin) == (entry.entry_id, ("npx", ("-y", "--mine")), None)
    assert origin not in {record.entry_id for record in read_approvals(home.layout)}
    assert not plan(home).changed
    uninstall(home.layout, plan_uninstall(home.place, home.layout, Choice(), Tolerance(), ()), now=3.0)
    tree["projects"][str(home.project)]["mcpServers"]["team"].update(command="npx", args=["-y", "--mine"])
    assert json.loads(home.code_file.read_bytes()) == tree


@pytest.mark.requirement("uninstall.container")
def test_a_project_that_had_no_servers_has_none_after_uninstall_though_its_client_wrote_since(home):
    before = json.loads(home.code_file.read_bytes())
    shadow(home)
    write(home.code_file, {"numStartups": 2, **json.loads(home.code_file.read_bytes())})
    uninstall(home.layout, plan_uninstall(home.place, home.layout, Choice(), Tolerance(), ()), now=2.0)
    assert json.loads(home.code_file.read_bytes()) == {"numStartups": 2, **before}
