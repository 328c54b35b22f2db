import json
import os

import pytest

from mcpgw.paths import StateLayout
from mcpgw.registry.entry import wrap
from mcpgw.registry.source import Cause, change_of_binary, change_of_words
from mcpgw.state.binary import find_binary
from mcpgw.state.trust import Approval, Words

ENTRY_ID = "claude-code:project@00000000:fs"
ENTRY = {"command": "npx", "args": ["-y", "fs"], "env": {"TOKEN": "s", "A": "b"}, "timeout": 5}


@pytest.fixture
def layout(tmp_path):
    return StateLayout(str(tmp_path / "state"))


@pytest.fixture
def approval(tmp_path):
    project = str(tmp_path / "app")
    os.mkdir(project)
    words = Words("npx", ("-y", "fs"), ("A", "TOKEN"))
    file = f"{project}/.mcp.json"
    return Approval(ENTRY_ID, file, ("mcpServers",), "fs", "json", "edit", project, words, None, 1.0)


def share(approval, entry):
    content = entry if isinstance(entry, str) else json.dumps({"mcpServers": {"other": {}, "fs": entry}})
    with open(approval.config_file, "w") as file:
        file.write(content)


def test_the_same_words_are_no_change(layout, approval):
    share(approval, ENTRY)
    assert change_of_words(layout, approval) is None
    share(approval, {**ENTRY, "timeout": 9, "env": {"A": "other", "TOKEN": "values"}})
    assert change_of_words(layout, approval) is None


@pytest.mark.requirement("trust.unwraps-own")
def test_our_own_entry_is_unwrapped_first(layout, approval):
    share(approval, {**ENTRY, "command": layout.launcher, "args": wrap(ENTRY_ID, "npx", ["-y", "fs"])})
    assert change_of_words(layout, approval) is None
    share(approval, {**ENTRY, "command": layout.launcher, "args": wrap(ENTRY_ID, "npx", ["-y", "evil"])})
    assert change_of_words(layout, approval).parts == ("args",)


@pytest.mark.requirement("trust.unwraps-own")
def test_a_wrapper_that_is_not_this_launcher_is_a_command_like_any(layout, approval):
    share(approval, {**ENTRY, "command": "./bin/mcpgw", "args": wrap(ENTRY_ID, "npx", ["-y", "fs"])})
    change = change_of_words(layout, approval)
    assert (change.cause, change.parts) == (Cause.CHANGED, ("command", "args"))
    assert change.found.command == "./bin/mcpgw"


def test_absent_and_empty_args_start_the_same(layout, approval):
    bare = approval._replace(words=Words("npx", (), ()))
    share(bare, {"command": "npx"})
    assert change_of_words(layout, bare) is None
    share(bare, {"command": "npx", "args": []})
    assert change_of_words(layout, bare) is None


@pytest.mark.parametrize(
    ("entry", "cause"),
    [
        ({**ENTRY, "env": {"TOKEN": "s", "NODE_OPTIONS": "-r ./x"}}, Cause.CHANGED),
        ({"type": "http", "url": "https://x"}, Cause.GONE),
        ({"command": 5}, Cause.GONE),
        ('{"mcpServers": {}}', Cause.GONE),
        ("{}", Cause.GONE),
        ('{"mcpServers": {"fs": {"command": "npx",}}}', Cause.UNREADABLE),
        ('{"mcpServers": {"fs": {"command": "a", "command": "b"}}}', Cause.UNREADABLE),
    ],
)
def test_causes(layout, approval, entry, cause):
    share(approval, entry)
    change = change_of_words(layout, approval)
    assert change.cause is cause
    assert len(change.ref) == 8
    assert "./x" not in change.text


def test_a_file_that_is_gone_and_one_that_is_none(layout, approval):
    assert change_of_words(layout, approval).cause is Cause.GONE
    os.mkdir(approval.config_file)
    assert change_of_words(layout, approval).cause is Cause.UNREADABLE


def test_each_content_has_its_own_ref_and_a_denial_holds_for_one(layout, approval):
    share(approval, {**ENTRY, "args": ["one"]})
    first = change_of_words(layout, approval)
    assert change_of_words(layout, approval._replace(denied=first.digest)).denied
    share(approval, {**ENTRY, "args": ["two"]})
    second = change_of_words(layout, approval._replace(denied=first.digest))
    assert not second.denied
    assert first.ref != second.ref


def _program(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(content)
    os.chmod(path, 0o755)


@pytest.mark.requirement("trust.binary")
@pytest.mark.parametrize("inside", [True, False])
def test_another_program_behind_the_same_words(tmp_path, approval, inside):
    path = f"{approval.project if inside else tmp_path}/bin/srv"
    place = {"search": os.path.dirname(path), "cwd": approval.project}
    _program(path, "approved")
    known = approval._replace(binary=find_binary("srv", **place))
    assert change_of_binary(known, "srv", **place) is None
    _program(path, "another one")
    change = change_of_binary(known, "srv", **place)
    assert (change.cause, change.in_project) == (Cause.BINARY, inside)
    assert change.binary.path == path
    os.unlink(path)
    assert change_of_binary(known, "srv", **place) is None


def test_a_link_in_the_project_may_not_lead_elsewhere_by_now(tmp_path, approval):
    link = f"{approval.project}/srv"
    for name in ("one", "two"):
        _program(f"{tmp_path}/{name}", name)
    os.symlink(f"{tmp_path}/one", link)
    known = approval._replace(binary=find_binary("./srv", search="", cwd=approval.project))
    os.unlink(link)
    os.symlink(f"{tmp_path}/two", link)
    assert change_of_binary(known, "./srv", search="", cwd=approval.project).in_project


def test_a_program_that_was_never_known_is_not_compared(approval):
    assert change_of_binary(approval, "sh", search="/bin", cwd="/") is None
