import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.installers.handiwork import containers_made, digest_of_entry, is_ours
from mcpgw.registry.entry import Entry, Scope, Transport, wrap
from mcpgw.registry.ledger import LedgerEntry

ORIGIN = "claude-code:project@00000000:s"
ARGS = wrap(ORIGIN, "npx", (), shadow=True)
SHADOW = Entry("claude-code", Scope.LOCAL, "/h/f", "/app", "s", Transport.STDIO, "/s/mcpgw", ARGS, (), None, '{"a": 1}')
WRITTEN = LedgerEntry(
    SHADOW.entry_id,
    "s",
    "claude-code",
    "local",
    "/app",
    "/h/f",
    after=("/s/mcpgw", ARGS),
    origin="/app/.mcp.json",
    digest=digest_of_entry(b'{"a": 1}'),
    container=True,
)


def test_a_shadow_is_ours_while_it_says_what_was_written():
    assert is_ours(SHADOW, [WRITTEN])
    assert is_ours(replace(SHADOW, value='{ "a": 1.0 }'), [WRITTEN])
    assert not is_ours(replace(SHADOW, value='{"a": 2}'), [WRITTEN])
    assert not is_ours(replace(SHADOW, args=(*ARGS, "--mine")), [WRITTEN])
    assert not is_ours(replace(SHADOW, command="/other/mcpgw"), [WRITTEN])


def test_an_exact_copy_where_its_origin_reaches_is_a_shadow_like_the_first():
    assert is_ours(replace(SHADOW, project_key="/app/sub"), [WRITTEN])
    assert not is_ours(replace(SHADOW, project_key="/app/sub", value="{}"), [WRITTEN])


def test_where_the_ledger_knows_nothing_a_shadow_says_itself_what_it_is():
    assert is_ours(SHADOW, [])
    assert is_ours(SHADOW, [replace(WRITTEN, after=None, digest=None)])
    assert not is_ours(replace(SHADOW, misplaced=True), [])
    assert not is_ours(replace(SHADOW, args=wrap(SHADOW.entry_id, "npx", ())), [])


def test_the_objects_that_were_made_are_those_of_one_file():
    other = replace(WRITTEN, config_file="/h/g", project="/b")
    assert containers_made("/h/f", [WRITTEN, other, replace(WRITTEN, project="/c", container=False)]) == {"/app"}


values = st.dictionaries(st.text(max_size=3), st.integers(-9, 9) | st.text(max_size=3) | st.none(), max_size=4)


@given(values, values)
def test_the_digest_tells_values_apart_and_no_layouts(one, other):
    def digest(value, **layout):
        return digest_of_entry(json.dumps(value, **layout).encode())

    assert digest(one) == digest(dict(reversed(one.items())), indent=2)
    assert (digest(one) == digest(other)) == (one == other)


@pytest.mark.parametrize("number", ["1" * 5000, "1e999", "-0"])
def test_no_number_is_too_much(number):
    assert len(digest_of_entry(b'{"n": %b}' % number.encode())) == 64
