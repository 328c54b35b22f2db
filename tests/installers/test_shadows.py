"""Shadows go in and out whole, in any layout, and follow their origins."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.installers.change import Outcome
from mcpgw.installers.deed import step_of
from mcpgw.installers.plan import install_plan
from mcpgw.installers.rollback import uninstall_plan
from mcpgw.installers.shadows import Shadows, shadow_of
from mcpgw.registry.claude.projects import USER_CONTAINERS
from mcpgw.registry.client import ConfigFile, Container
from mcpgw.registry.entry import Scope, unwrap
from mcpgw.registry.ledger import Ledger
from mcpgw.registry.reading import entries_of, open_document

LAUNCHER = "/s/bin/mcpgw"
FILE = ConfigFile("claude-code", "/h/.claude.json", USER_CONTAINERS)
SHARED = ConfigFile("claude-code", "/.mcp.json", (Container(("mcpServers",), Scope.PROJECT),), editable=False)
ORIGINS = b"""{"mcpServers": {
    "team": {
        "command": "npx",
        "args": ["-y", "team"],
        "env": {"T": "${T:-x}"}, "timeout": 9
    },
    "bare": {"command": "uvx"}
}}"""
LAYOUTS = {
    "client": b'{\n  "projects": {\n    "/app": {\n      "mcpServers": {}\n    },\n    "/b": {}\n  }\n}',
    "no container": b'{\n  "projects": {\n    "/app": {\n      "allowedTools": []\n    },\n    "/b": {}\n  }\n}',
    "beside others": b'{"projects": {"/app": {"mcpServers": {"own": {"command": "x"}}, "n": 1.0}, "/b": {}}}',
    "minified": b'{"projects":{"/app":{"mcpServers":{}},"/b":{"mcpServers":{"own":{"command":"x"}}}}}',
    "tabs and CRLF": b'{\r\n\t"projects": {\r\n\t\t"/app": {\r\n\t\t\t"k": 1\r\n\t\t},\r\n\t\t"/b": {}\r\n\t}\r\n}\r\n',
}


def shadow(name, project="/app", origins=ORIGINS, shared=SHARED):
    document = open_document(shared, origins)
    for entry, node in entries_of(shared, document):
        if entry.name == name:
            return shadow_of(document, node, entry, FILE, project, LAUNCHER)
    raise AssertionError(name)


def shadows(*each, wanted=True, unreviewed=(), installed=()):
    keys = frozenset(one.key for one in each) if wanted else frozenset()
    return Shadows({one.key: one for one in each}, keys, frozenset(unreviewed), installed=installed)


def written(*plans):
    """What the ledger says after them."""
    return tuple(entry for made in plans for entry in step_of(made, FILE.path, 1).entries)


def plan(content, kept):
    return install_plan(FILE, content, frozenset(), LAUNCHER, kept)


def servers(content, project="/app"):
    return json.loads(content)["projects"][project].get("mcpServers")


@pytest.mark.requirement("install.shadow")
@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS)
def test_they_go_in_whole_and_come_out_without_a_ledger(content):
    made = plan(content, shadows(shadow("team"), shadow("bare"), shadow("team", "/b")))
    assert [change.outcome for change in made.changes] == [Outcome.SHADOW] * 3
    team = servers(made.new)["team"]
    assert (team["command"], team["env"], team["timeout"]) == (LAUNCHER, {"T": "${T:-x}"}, 9)
    assert unwrap(team["args"]).shadow
    assert servers(made.new, "/b")["team"] == team
    back = uninstall_plan(FILE, made.new, Ledger())
    assert json.loads(back.new) == {
        **json.loads(content),
        "projects": {key: {"mcpServers": {}, **value} for key, value in json.loads(content)["projects"].items()},
    }


def test_a_shadow_that_stands_right_stays():
    made = plan(LAYOUTS["client"], shadows(shadow("team")))
    again = plan(made.new, shadows(shadow("team")))
    assert (again.changed, again.changes) == (False, ())
    reformatted = json.dumps(json.loads(made.new)).encode()
    assert not plan(reformatted, shadows(shadow("team"))).changed


def test_a_shadow_follows_its_origin_unless_that_waits_for_review():
    made = plan(LAYOUTS["client"], shadows(shadow("team")))
    changed = shadow("team", origins=ORIGINS.replace(b'"timeout": 9', b'"timeout": 10'))
    renewed = plan(made.new, shadows(changed))
    assert [change.outcome for change in renewed.changes] == [Outcome.RENEW]
    assert servers(renewed.new)["team"]["timeout"] == 10
    assert not plan(made.new, shadows(changed, unreviewed=[changed.origin.entry_id])).changed


def test_a_shadow_without_an_origin_is_taken_out():
    made = plan(LAYOUTS["beside others"], shadows(shadow("team"), shadow("bare")))
    left = plan(made.new, shadows(shadow("bare"), wanted=False))
    assert [(change.entry.name, change.outcome) for change in left.changes] == [("team", Outcome.UNSHADOW)]
    assert list(servers(left.new)) == ["own", "bare"]


def test_a_project_that_is_gone_by_now_gets_none():
    made = plan(b'{"projects": {"/b": {}}}', shadows(shadow("team"), shadow("bare", "/b")))
    assert [change.entry.project_key for change in made.changes] == ["/b"]
    assert made.within(plan(LAYOUTS["no container"], shadows(shadow("team"), shadow("bare", "/b"))))


def test_a_null_in_the_place_of_the_container_gives_way():
    content = b'{"projects": {"/app": {"mcpServers": null, "n": 1}}}'
    done = plan(content, shadows(shadow("bare")))
    servers = json.loads(done.new)["projects"]["/app"]["mcpServers"]
    assert list(servers) == ["bare"]
    assert done.new.replace(json.dumps(servers).encode(), b"null").startswith(content[:24])


@pytest.mark.parametrize("number", ["12345678901234567890", "9" * 5000, "1.0"])
def test_numbers_that_no_two_readers_hold_alike_do_not_matter(number):
    origins = b'{"mcpServers": {"big": {"command": "uvx", "timeout": %b}}}' % number.encode()
    big = shadow("big", origins=origins)
    done = plan(LAYOUTS["client"], shadows(big))
    assert b'"timeout": ' + number.encode() in done.new
    assert not plan(done.new, shadows(big)).changed


def test_one_goes_while_another_comes():
    made = plan(LAYOUTS["client"], shadows(shadow("team")))
    swapped = plan(made.new, shadows(shadow("bare")))
    assert list(servers(swapped.new)) == ["bare"]


def test_a_name_that_is_taken_is_left_to_its_owner():
    content = b'{"projects": {"/app": {"mcpServers": {"team": {"command": "mine"}}}}}'
    assert not plan(content, shadows(shadow("team"))).changed


EDITS = {
    "an argument": (b'"team"]', b'"team", "--mine"]'),
    "a variable": (b"${T:-x}", b"mine"),
    "another key": (b'"timeout": 9', b'"timeout": 99'),
}


@pytest.mark.requirement("install.shadow-taken-over")
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_shadow_is_neither_renewed_nor_taken_out(edit):
    made = plan(LAYOUTS["client"], shadows(shadow("team")))
    edited, installed = made.new.replace(*edit), written(made)
    assert edited != made.new
    assert not plan(edited, shadows(shadow("team"), installed=installed)).changed
    assert not plan(edited, shadows(installed=installed)).changed
    assert plan(made.new, shadows(installed=installed)).changed


@pytest.mark.requirement("uninstall.shadow-taken-over")
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_shadow_is_unwrapped_where_the_ledger_tells(edit):
    made = plan(LAYOUTS["client"], shadows(shadow("team")))
    edited = made.new.replace(*edit)
    kept = servers(uninstall_plan(FILE, edited, Ledger(installed=written(made))).new)["team"]
    assert kept == json.loads(ORIGINS.replace(*edit))["mcpServers"]["team"]
    assert servers(uninstall_plan(FILE, made.new, Ledger(installed=written(made))).new) == {}
    assert servers(uninstall_plan(FILE, edited, Ledger()).new) == {}


@pytest.mark.parametrize("layout", [{"indent": 4}, {"separators": (",", ":")}, {"sort_keys": True}])
def test_a_shadow_that_a_client_laid_out_anew_is_still_ours(layout):
    made = plan(LAYOUTS["client"], shadows(shadow("team")))
    rewritten = json.dumps(json.loads(made.new), **layout).encode()
    left = plan(rewritten, shadows(installed=written(made)))
    assert [change.outcome for change in left.changes] == [Outcome.UNSHADOW]


MOVES = {"renamed": ("/app", "mine"), "in another project": ("/b", "team"), "everywhere": (None, "team")}


@pytest.mark.requirement("install.shadow-taken-over")
@pytest.mark.parametrize(("project", "name"), MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("origin", ["team", "bare"])
def test_a_copied_or_renamed_shadow_becomes_an_entry_of_its_own(project, name, origin):
    made = plan(LAYOUTS["client"], shadows(shadow(origin, shared=replace(SHARED, path="/app/.mcp.json"))))
    tree = json.loads(made.new)
    name = name.replace("team", origin)
    place = tree if project is None else tree["projects"][project]
    place.setdefault("mcpServers", {})[name] = tree["projects"]["/app"]["mcpServers"].pop(origin)
    content = json.dumps(tree, indent=2).encode()
    wanted = frozenset(entry.entry_id for entry, _ in entries_of(FILE, open_document(FILE, content)))
    done = install_plan(FILE, content, wanted, LAUNCHER, shadows())
    ((entry, _),) = entries_of(FILE, open_document(FILE, done.new))
    assert (entry.wrapped.entry_id, entry.wrapped.shadow) == (entry.entry_id, False)
    assert not install_plan(FILE, done.new, wanted, LAUNCHER, shadows()).changed
    place["mcpServers"][name] = json.loads(ORIGINS)["mcpServers"][origin]
    for routed in (content, done.new):
        assert json.loads(uninstall_plan(FILE, routed, Ledger()).new) == tree


@pytest.mark.requirement("uninstall.container")
@pytest.mark.parametrize("indent", [1, None])
def test_the_object_that_a_shadow_made_necessary_goes_with_the_last_one(indent):
    made = plan(LAYOUTS["no container"], shadows(shadow("team"), shadow("team", "/b")))
    more = plan(made.new, shadows(shadow("team"), shadow("bare"), shadow("team", "/b"), installed=written(made)))
    rewritten = json.dumps({"n": 1, **json.loads(more.new)}, indent=indent).encode()
    installed = (*written(made), *written(more))
    assert json.loads(uninstall_plan(FILE, rewritten, Ledger(installed=installed)).new) == {
        "n": 1,
        **json.loads(LAYOUTS["no container"]),
    }
    first = plan(rewritten, shadows(shadow("bare"), installed=installed))
    assert list(servers(first.new)) == ["bare"]
    assert servers(first.new, "/b") is None
    assert servers(plan(first.new, shadows(installed=installed)).new) is None


def test_an_object_that_was_there_or_that_is_in_use_stays():
    made = plan(LAYOUTS["client"], shadows(shadow("team")))
    rewritten = json.dumps(json.loads(made.new)).encode()
    assert servers(uninstall_plan(FILE, rewritten, Ledger(installed=written(made))).new) == {}
    made = plan(LAYOUTS["no container"], shadows(shadow("team")))
    used = json.loads(made.new)
    used["projects"]["/app"]["mcpServers"]["own"] = {"command": "x"}
    left = uninstall_plan(FILE, json.dumps(used).encode(), Ledger(installed=written(made))).new
    assert servers(left) == {"own": {"command": "x"}}


NAMES = st.sampled_from(["team", "bare"])
PLACES = st.frozensets(st.tuples(st.sampled_from(["/app", "/b"]), NAMES))


@given(st.sampled_from(sorted(LAYOUTS)), PLACES, PLACES)
def test_whatever_stood_before_only_what_may_stand_is_left(layout, first, second):
    def of(places):
        return shadows(*(shadow(name, project) for project, name in sorted(places)))

    content = plan(plan(LAYOUTS[layout], of(first)).new, of(second)).new
    found = {
        (project, name)
        for project in ("/app", "/b")
        for name, entry in (servers(content, project) or {}).items()
        if entry["command"] == LAUNCHER
    }
    assert found == second
    own = {name for project in ("/app", "/b") for name in servers(LAYOUTS[layout], project) or {}}
    assert own <= {name for project in ("/app", "/b") for name in servers(content, project) or {}}
