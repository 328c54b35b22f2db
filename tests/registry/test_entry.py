import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.registry.entry import Scope, entry_id, names_launcher, unwrap, wrap, wrapper_length

TEXT = st.text(max_size=8)


def test_a_user_entry_needs_no_hash():
    assert entry_id("claude-code", Scope.USER, "fs", "/h/.claude.json", None) == "claude-code:user:fs"


def test_a_name_is_percent_encoded():
    name = "git: mine/ü@"
    assert entry_id("claude-desktop", Scope.USER, name, "/f", None) == "claude-desktop:user:git%3A%20mine%2F%C3%BC%40"


@pytest.mark.requirement("identity.entry-id")
def test_the_same_name_in_two_projects_is_two_entries():
    one = entry_id("claude-code", Scope.LOCAL, "fs", "/h/.claude.json", "/a")
    two = entry_id("claude-code", Scope.LOCAL, "fs", "/h/.claude.json", "/b")
    digest = hashlib.sha256(b"/h/.claude.json/a").hexdigest()[:8]
    assert one == f"claude-code:local@{digest}:fs"
    assert two != one


@given(name=st.text(), command=st.text(min_size=1), args=st.none() | st.lists(TEXT, max_size=4), shadow=st.booleans())
def test_the_original_is_read_off_the_args_alone(name, command, args, shadow):
    entry = entry_id("claude-code", Scope.LOCAL, name, "/f", "/p")
    wrapped = wrap(entry, command, args, shadow=shadow)
    original = unwrap(wrapped)
    assert original is not None
    assert original.shadow is shadow
    assert (original.entry_id, original.command) == (entry, command)
    assert original.args == (None if args is None else tuple(args))
    assert wrapped[wrapper_length(wrapped) - 1] == command


@pytest.mark.parametrize(
    "args",
    [
        None,
        [],
        ["run", "--entry", "claude-code:user:fs", "--"],
        ["run", "--entry", "no id", "--", "npx"],
        ["run", "--rm", "claude-code:user:fs", "--", "npx"],
        ["run", "--entry", "claude-code:user:fs", "--no-args", "npx", "x"],
        ["run", "--entry", "claude-code:user:fs", "--no-args", "--"],
        ["run", "--entry", "claude-code:user:fs", "--shadow", "--no-args"],
        ["run", "--entry", "claude-code:user:fs", "--no-args", "--shadow", "--", "npx"],
    ],
)
def test_other_args_are_not_ours(args):
    assert unwrap(args) is None


def test_an_entry_that_was_added_as_a_whole_is_marked():
    assert wrap("a:local:b", "npx", ["x"], shadow=True) == ("run", "--entry", "a:local:b", "--shadow", "--", "npx", "x")
    assert wrap("a:local:b", "npx", None, shadow=True)[3:5] == ("--shadow", "--no-args")


def test_args_added_since_are_kept_where_there_were_none():
    added = unwrap(["run", "--entry", "claude-code:user:fs", "--no-args", "--", "npx", "-v"])
    assert added is not None
    assert added.args == ("-v",)


def test_a_launcher_is_known_by_its_path():
    assert names_launcher("/s/bin/../bin/mcpgw", "/s/bin/mcpgw")
    assert not names_launcher("/old/bin/mcpgw", "/s/bin/mcpgw")
    assert not names_launcher(None, "/s/bin/mcpgw")
