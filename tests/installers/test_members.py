import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgw.installers.edits import apply_edits
from mcpgw.installers.members import insert_member, insert_members, remove_member, remove_members
from mcpgw.registry.document import Shape, Syntax, read_document, shape_of
from mcpgw.registry.json_reader import json_value
from support.layouts import jsonc_files

SHAPE = shape_of([("servers",)], Shape({"command": None}))
VALUE = b'{\n  "command": "x",\n  "args": [\n    "1"\n  ]\n}'


def servers_in(content, syntax=Syntax.JSONC):
    document = read_document(content, SHAPE, path="/c.json", syntax=syntax)
    ((_, servers),) = document.find(("servers",))
    return document, servers


def inserted(content, **members):
    return apply_edits(content, insert_members(*servers_in(content), members or {"k": VALUE}))


def removed(content, *keys):
    document, servers = servers_in(content)
    return apply_edits(content, remove_members(document, servers, [servers.member(key) for key in keys]))


SAMPLES = [
    (b'{"servers":{}}', b'{"servers":{"k":{ "command": "x", "args": [ "1" ] }}}'),
    (b'{"servers": {}}', b'{"servers": {"k": { "command": "x", "args": [ "1" ] }}}'),
    (b'{"servers":{"a":{}}}', b'{"servers":{"a":{},"k":{ "command": "x", "args": [ "1" ] }}}'),
    (
        b'{\n  "servers": {}\n}',
        b'{\n  "servers": {\n    "k": {\n      "command": "x",\n      "args": [\n        "1"\n      ]\n    }\n  }\n}',
    ),
    (
        b'{\r\n\t"servers": {\r\n\t\t"a": {}\r\n\t}\r\n}\r\n',
        b'{\r\n\t"servers": {\r\n\t\t"a": {},\r\n\t\t"k": {\r\n\t\t  "command": "x",\r\n\t\t  "args": [\r\n\t\t    "1"\r\n\t\t  ]\r\n\t\t}\r\n\t}\r\n}\r\n',
    ),
    (b'{ "servers": { "a": {} } }', b'{ "servers": { "a": {}, "k": { "command": "x", "args": [ "1" ] } } }'),
    (b'{ "servers": { } }', b'{ "servers": {"k": { "command": "x", "args": [ "1" ] } } }'),
    (
        b'{\n  "servers": {\n    // none\n  }\n}',
        b'{\n  "servers": {"k": { "command": "x", "args": [ "1" ] }\n    // none\n  }\n}',
    ),
    (
        b'{"servers": {"a": {}, // last\n}}',
        b'{"servers": {"a": {}, "k": { "command": "x", "args": [ "1" ] }, // last\n}}',
    ),
]


@pytest.mark.parametrize(("content", "expected"), SAMPLES)
def test_a_member_is_laid_out_like_its_neighbours_and_taken_out_again(content, expected):
    assert inserted(content) == expected
    assert removed(inserted(content), "k") == content


def test_one_member_has_verbs_of_its_own():
    content = b'{"servers": {}}'
    new = apply_edits(content, insert_member(*servers_in(content), "k", b"{}"))
    assert new == b'{"servers": {"k": {}}}'
    document, servers = servers_in(new)
    assert apply_edits(new, remove_member(document, servers, servers.members[0])) == content


def test_the_key_is_written_as_a_string():
    content = b'{"servers": {}}'
    new = apply_edits(content, insert_member(*servers_in(content), 'a "b"\n', b"1"))
    assert json.loads(new) == {"servers": {'a "b"\n': 1}}


@pytest.mark.parametrize(
    ("content", "keys", "expected"),
    [
        (b'{"servers": {"a": 1, "b": 2, "c": 3}}', "a", b'{"servers": {"b": 2, "c": 3}}'),
        (b'{"servers": {"a": 1, "b": 2, "c": 3}}', "ab", b'{"servers": {"c": 3}}'),
        (b'{"servers": {"a": 1, "b": 2, "c": 3}}', "bc", b'{"servers": {"a": 1}}'),
        (b'{"servers": {"a": 1, "b": 2, "c": 3}}', "ac", b'{"servers": {"b": 2}}'),
        (b'{"servers": {\n  "a": 1, // one\n  "b": 2\n}}', "ab", b'{"servers": {\n   // one\n  \n}}'),
        (
            b'{"servers": {\n  "a": 1, // one\n  "b": 2 // two\n}}',
            "b",
            b'{"servers": {\n  "a": 1 // one\n   // two\n}}',
        ),
        (b'{"servers": {"a": 1,\n}}', "a", b'{"servers": {\n}}'),
        (
            b'{"servers": {/* x */ "a": 1 /* y */, /* z */ "b": 2}}',
            "a",
            b'{"servers": {/* x */  /* y */ /* z */ "b": 2}}',
        ),
    ],
)
def test_comments_stay_and_commas_go(content, keys, expected):
    assert removed(content, *keys) == expected


@settings(max_examples=150, deadline=None)
@given(jsonc_files(), st.lists(st.text(max_size=4), min_size=1, max_size=3, unique=True))
def test_what_was_put_in_can_be_taken_out(drawn, keys):
    content, tree = drawn
    keys = [key for key in keys if key not in tree["servers"]]
    new = inserted(content, **dict.fromkeys(keys, VALUE)) if keys else content
    value = json_value(new.removeprefix(b"\xef\xbb\xbf"), comments=True)
    assert value == {**tree, "servers": {**tree["servers"], **dict.fromkeys(keys, json.loads(VALUE))}}
    assert removed(new, *keys) == content


@settings(max_examples=150, deadline=None)
@given(jsonc_files(), st.randoms(use_true_random=False))
def test_any_members_can_go(drawn, dice):
    content, tree = drawn
    gone = [key for key in tree["servers"] if dice.random() < 0.5]
    value = json_value(removed(content, *gone).removeprefix(b"\xef\xbb\xbf"), comments=True)
    assert value == {**tree, "servers": {key: each for key, each in tree["servers"].items() if key not in gone}}
