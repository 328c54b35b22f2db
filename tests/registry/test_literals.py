import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.registry.literals import NAMED_SECRET, is_secret_name, literal_secrets
from support.detectors import detector

TOKEN = "ghp_" + "q7Zt3LmVw9KpXc2RbN5sYdE8fGhJ1kT4uWvA"


def _found(value):
    return literal_secrets(json.dumps(value, ensure_ascii=False).encode(), detector("portable"))


def _places(value):
    return {each.pointer: (each.rule, each.secret) for each in _found(value)}


@pytest.mark.requirement("scan.configs")
def test_rules_look_at_every_string_of_an_entry():
    entry = {"command": "npx", "args": ["-y", f"x={TOKEN}"], "env": {"A": TOKEN}, "x-note": {"deep": [TOKEN]}}
    assert set(_places(entry)) == {"/args/1", "/env/A", "/x-note/deep/0"}
    assert all(rule == "github-token" for rule, _ in _places(entry).values())


@pytest.mark.requirement("scan.configs")
@pytest.mark.parametrize(
    ("value", "pointer", "secret"),
    [
        ({"env": {"DB_PASSWORD": "hunter2"}}, "/env/DB_PASSWORD", "hunter2"),
        ({"env": {"apiKey": "abcd1234"}}, "/env/apiKey", "abcd1234"),
        ({"env": {"PGPASSWORD": "p\u00e4ss w\u00f6rd"}}, "/env/PGPASSWORD", "p\u00e4ss w\u00f6rd"),
        ({"env": {"A_TOKEN": "${A_TOKEN:-abcd1234}"}}, "/env/A_TOKEN", "abcd1234"),
        ({"headers": {"Authorization": "Bearer abcd1234"}}, "/headers/Authorization", "abcd1234"),
        ({"headers": {"X-Api-Key": "abcd1234"}}, "/headers/X-Api-Key", "abcd1234"),
        ({"oauth": {"clientSecret": "abcd1234"}}, "/oauth/clientSecret", "abcd1234"),
        ({"args": ["--api-key", "abcd1234"]}, "/args/1", "abcd1234"),
        ({"args": ["--api-key=abcd1234"]}, "/args/0", "abcd1234"),
        ({"args": ["run", "-e", "SLACK_TOKEN=abcd1234"]}, "/args/2", "abcd1234"),
        ({"args": ["--header", "Authorization: Bearer abcd1234"]}, "/args/1", "abcd1234"),
        ({"args": ["postgresql://ada:abcd1234@db/x"]}, "/args/0", "abcd1234"),
        ({"url": "https://a.test/mcp?x=1&api_key=abcd1234#f"}, "/url", "abcd1234"),
    ],
)
def test_a_value_under_a_secrets_name(value, pointer, secret):
    assert _places(value) == {pointer: (NAMED_SECRET, secret)}


@pytest.mark.requirement("scan.placeholders")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "${TOKEN}",
        "Bearer ${TOKEN}",
        "${TOKEN:-}",
        "${TOKEN:-changeme}",
        "${env:TOKEN}",
        "${input:token}",
        "{env:TOKEN}",
        "$TOKEN",
        "%TOKEN%",
        "op://vault/item/field",
        "/home/ada/.ssh/id",
        "~/token.txt",
        "C:\\keys\\id",
        "xxx",
        "xxxxxxxxxxxx",
        "your-token-here",
        "YOUR_API_KEY",
        "<token>",
        "changeme",
        "sk-...",
        "true",
        "443",
        "api_key",
    ],
)
def test_a_reference_a_path_or_a_placeholder_is_no_literal(text):
    assert _found({"env": {"A_TOKEN": text}}) == ()


@pytest.mark.requirement("scan.placeholders")
@pytest.mark.parametrize(
    "name", ["PUBLIC_KEY", "SSH_KEY_PATH", "TOKEN_URL", "MAX_TOKENS", "MONKEY", "sortKey", "AUTHOR"]
)
def test_names_that_only_look_like_it(name):
    assert not is_secret_name(name)


def test_an_option_without_a_value_names_no_other_option():
    assert _found({"args": ["--use-key", "--verbose", "--api-key"], "env": {"HOST": "abcd1234"}}) == ()


def test_the_gravest_of_overlapping_findings_is_kept():
    (found,) = _found({"env": {"API_KEY": TOKEN}})
    assert (found.rule, found.severity) == ("github-token", "high")


@given(st.text(string.ascii_letters + string.digits + 'é"\\\n /', min_size=4, max_size=30), st.booleans())
def test_places_and_secrets_are_those_of_the_text(text, escaped):
    raw = json.dumps({"env": {"A_TOKEN": text, "B": "c"}}, ensure_ascii=escaped).encode()
    for found in literal_secrets(raw, detector("portable")):
        assert found.pointer == "/env/A_TOKEN"
        assert found.secret in text
        assert raw.count(b"\n", 0, found.start) == 0
        assert repr(found.secret) not in repr(found)


def test_an_entry_that_is_no_object():
    assert _found(TOKEN)[0].pointer == ""
    assert _found([1, None, {}]) == ()
