import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.registry.client import Place
from mcpgw.registry.clients import opencode
from mcpgw.registry.dialect import (
    BY_KEYS,
    CLAUDE_CODE,
    DISABLED,
    NOT_ENABLED,
    REMOTE,
    Dialect,
    Meaning,
    meaning,
)
from mcpgw.registry.discover import CLIENTS
from mcpgw.registry.entry import Standing, Transport


def dialects():
    place = Place("/h", {}, "linux", "/h")
    return {client.name: client.files(place)[0].dialect for client in CLIENTS}


@pytest.mark.parametrize(("name", "dialect"), dialects().items())
def test_every_client_starts_a_command(name, dialect):
    apart = {"command": "npx", "args": ["-y"], dialect.env: {"A": "b"}}
    value = apart if dialect.words is not opencode.in_one_list else apart | {"command": ["npx"]}
    assert meaning(value, dialect) == Meaning(Transport.STDIO, "npx", ("-y",) if value is apart else (), ("A",))


@pytest.mark.parametrize(
    ("value", "transport", "note"),
    [
        ({"url": "https://x"}, Transport.INVALID, "it has a url but no type"),
        ({"type": "http", "url": "https://x"}, Transport.HTTP, None),
        ({"type": "ws", "url": "https://x"}, Transport.WS, None),
        ({"type": "http"}, Transport.INVALID, "it has no url"),
        ({"type": "http", "url": 7}, Transport.INVALID, "it has no url"),
        ({"type": "local", "command": "x"}, Transport.INVALID, "its type is not known"),
        ({"type": ["stdio"], "command": "x"}, Transport.INVALID, "its type is not known"),
        ({"type": None, "command": "x"}, Transport.STDIO, None),
        ({"type": "stdio", "url": "https://x"}, Transport.INVALID, "it has no command"),
        ({"command": "x", "disabled": True}, Transport.STDIO, None),
    ],
)
def test_a_closed_dialect_goes_by_the_type(value, transport, note):
    found = meaning(value, CLAUDE_CODE)
    assert (found.transport, found.note, found.standing) == (transport, note, None)


@pytest.mark.parametrize(
    ("value", "transport"),
    [
        ({"url": "https://x"}, Transport.HTTP),
        ({"url": "https://x", "type": "sse"}, Transport.SSE),
        ({"url": "https://x", "type": "pigeon"}, Transport.HTTP),
        ({"url": "https://x", "command": "x"}, Transport.STDIO),
        ({"command": "x", "type": "http"}, Transport.STDIO),
        ({"command": "x", "type": "pigeon"}, Transport.STDIO),
        ({}, Transport.INVALID),
        ("npx", Transport.INVALID),
    ],
)
def test_an_open_dialect_goes_by_the_keys(value, transport):
    assert meaning(value, BY_KEYS).transport is transport


def test_the_first_address_key_that_is_there_says_the_transport():
    dialect = Dialect(urls={"httpUrl": Transport.HTTP, "url": Transport.SSE})
    assert meaning({"url": "https://b", "httpUrl": "https://a"}, dialect) == Meaning(Transport.HTTP, url="https://a")
    assert meaning({"url": "https://b"}, dialect).transport is Transport.SSE


@pytest.mark.parametrize(
    ("switch", "value", "standing"),
    [
        (DISABLED, {"disabled": True}, Standing.DISABLED),
        (DISABLED, {"disabled": False}, None),
        (DISABLED, {"disabled": 1}, None),
        (NOT_ENABLED, {"enabled": False}, Standing.DISABLED),
        (NOT_ENABLED, {"enabled": True}, None),
        (NOT_ENABLED, {}, None),
    ],
)
def test_a_switch_sets_the_standing(switch, value, standing):
    assert meaning({"command": "x"} | value, Dialect(switches=(switch,))).standing is standing


def test_no_args_are_not_empty_args():
    assert meaning({"command": "x"}, BY_KEYS).args is None
    assert meaning({"command": "x", "args": []}, BY_KEYS).args == ()


def test_a_key_that_decides_may_not_stand_twice():
    shape = Dialect(types=REMOTE, urls={"serverUrl": Transport.HTTP}, env="environment").shape
    assert set(shape.keys) == {"command", "args", "type", "serverUrl", "environment"}


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
)
keys = st.sampled_from(["command", "args", "type", "url", "httpUrl", "serverUrl", "env", "environment", "enabled"])


@given(values | st.dictionaries(keys, values), st.sampled_from(list(dialects().values())))
def test_whatever_the_value_is_it_means_something(value, dialect):
    found = meaning(value, dialect)
    assert (found.transport is Transport.INVALID) == (found.note is not None and found.command is None)
    if found.transport is Transport.STDIO:
        assert isinstance(found.command, str)
        assert found.command
    elif found.transport is not Transport.INVALID:
        assert isinstance(found.url, str)
