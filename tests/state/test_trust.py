import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.paths import StateLayout
from mcpgw.state.binary import Binary
from mcpgw.state.trust import (
    Approval,
    TrustUnreadable,
    Words,
    differing,
    digest_of,
    fits,
    read_approval,
    read_approvals,
    remove_approval,
    trust_ref,
    write_approval,
)

WORDS = Words("npx", ("-y", "fs", "${HOME}/work"), ("TOKEN",))
APPROVAL = Approval(
    "claude-code:project@00000000:fs",
    "/app/.mcp.json",
    ("mcpServers",),
    "fs",
    "json",
    "edit",
    "/app",
    WORDS,
    Binary("/usr/bin/npx", "/usr/lib/npx.js", 5, 7, "ab"),
    12.5,
)


@pytest.fixture
def layout(tmp_path):
    return StateLayout(str(tmp_path / "state"))


def test_a_record_is_private_and_comes_back_as_it_was(layout):
    write_approval(layout, APPROVAL)
    bare = APPROVAL._replace(entry_id="claude-code:project@00000000:other", binary=None, denied="d")
    write_approval(layout, bare)
    assert read_approval(layout, APPROVAL.entry_id) == APPROVAL
    assert read_approvals(layout) == (APPROVAL, bare)
    (name, _) = os.listdir(layout.trust_dir)
    assert os.stat(f"{layout.trust_dir}/{name}").st_mode & 0o777 == 0o600
    assert os.stat(layout.trust_dir).st_mode & 0o777 == 0o700


def test_what_was_never_approved_has_no_record(layout):
    assert read_approval(layout, "a:project@0:x") is None
    assert read_approvals(layout) == ()
    remove_approval(layout, "a:project@0:x")
    write_approval(layout, APPROVAL)
    remove_approval(layout, APPROVAL.entry_id)
    assert read_approvals(layout) == ()


def test_a_record_under_another_entrys_name_is_none_of_it(layout):
    write_approval(layout, APPROVAL)
    (name,) = os.listdir(layout.trust_dir)
    os.rename(f"{layout.trust_dir}/{name}", f"{layout.trust_dir}/{digest_of('other')}.json")
    assert read_approval(layout, "other") is None


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"v": 2}', b'{"v": 1}', b"\xff"])
def test_a_record_that_cannot_be_read_is_no_approval(layout, damage):
    write_approval(layout, APPROVAL)
    (name,) = os.listdir(layout.trust_dir)
    with open(f"{layout.trust_dir}/{name}", "wb") as file:
        file.write(damage)
    with pytest.raises(TrustUnreadable, match="no trust record of format 1"):
        read_approval(layout, APPROVAL.entry_id)


def test_a_newer_key_is_passed_over(layout):
    write_approval(layout, APPROVAL)
    (name,) = os.listdir(layout.trust_dir)
    path = f"{layout.trust_dir}/{name}"
    with open(path) as file:
        plain = json.load(file)
    with open(path, "w") as file:
        json.dump({**plain, "later": 1}, file)
    assert read_approval(layout, APPROVAL.entry_id) == APPROVAL


@pytest.mark.parametrize(
    ("found", "parts"),
    [
        (WORDS, ()),
        (WORDS._replace(command="node"), ("command",)),
        (WORDS._replace(args=("-y", "fs")), ("args",)),
        (WORDS._replace(env_keys=("NODE_OPTIONS", "TOKEN")), ("env",)),
        (Words("x", (), ()), ("command", "args", "env")),
    ],
)
def test_what_differs_is_named(found, parts):
    assert differing(WORDS, found) == parts
    assert (found.digest == WORDS.digest) is (parts == ())


@pytest.mark.parametrize(
    ("literal", "given", "fit"),
    [
        ("fs", "fs", True),
        ("fs", "fs2", False),
        ("${HOME}/work", "/home/me/work", True),
        ("${HOME}/work", "${HOME}/work", True),
        ("${HOME}/work", "/home/me/work2", False),
        ("--root=${A:-x}", "--root=", True),
        ("--root=${A:-x}", "--rooted", False),
        ("${A}-${B}-${A}", "1-2-3", True),
        ("${A}-${B}-${A}", "1-2", False),
        ("a${A}a", "a", False),
        ("$HOME", "/home/me", False),
        ("${A", "x", False),
        ("${env:KEY}", "any", True),
        ("a${A}b", "a\nb", True),
    ],
)
@pytest.mark.requirement("trust.argv")
def test_only_placeholders_stand_for_anything(literal, given, fit):
    assert fits(Words("cmd", (literal,), ()), ["cmd", given]) is fit
    assert fits(Words(literal, (), ()), [given]) is fit


@pytest.mark.requirement("trust.argv")
def test_the_number_of_arguments_is_exact():
    words = Words("cmd", ("a",), ())
    assert not fits(words, ["cmd"])
    assert not fits(words, ["cmd", "a", "b"])
    assert not fits(words, ["cmd a"])


_plain = st.text(st.characters(exclude_characters="$"), max_size=5)


@given(st.lists(_plain, min_size=1, max_size=5), st.text(max_size=8))
def test_every_expansion_of_a_literal_fits_it(pieces, value):
    assert fits(Words("${V}".join(pieces), (), ()), [value.join(pieces)])


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
def test_two_lists_never_run_together(one, other):
    assert (digest_of(*one) == digest_of(*other)) is (one == other)
    assert len(trust_ref("e", digest_of(*one))) == 8
