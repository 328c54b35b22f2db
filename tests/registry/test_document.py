import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.errors import ConfigFault
from mcpgw.registry.document import EACH, Shape, elements, place, read_document, shape_of

ENTRY = Shape({"command": None, "args": None})
SERVERS = shape_of([("mcpServers",), ("projects", EACH, "mcpServers")], ENTRY)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(content, shape=SERVERS):
    return read_document(content, shape, path="/h/c.json")


def names(content, path=("mcpServers",)):
    document = read(content)
    return [(key, member.key) for key, node in document.find(path) for member in node.members]


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf", b"\r\n\t "])
def test_it_finds_entries_behind_any_head(head):
    assert names(head + b'{"mcpServers":{"fs":{"command":"npx"}}}\r\n') == [(None, "fs")]


def test_each_project_has_its_own_servers():
    content = b'{"projects": {"/a": {"mcpServers": {"x": {}}}, "/b": {"mcpServers": {"x": {}}}, "/c": {}}}'
    assert names(content, ("projects", EACH, "mcpServers")) == [("/a", "x"), ("/b", "x")]


def test_spans_are_byte_offsets():
    content = '{"é": 1, "mcpServers": {"ü": {"command": "ñ" }}}'.encode()
    document = read(content)
    ((_, servers),) = document.find(("mcpServers",))
    entry = servers.members[0]
    assert entry.key == "ü"
    assert content[entry.start : entry.start + 4] == '"ü"'.encode()
    assert document.raw(entry.value.member("command").value) == '"ñ"'.encode()


def test_escaped_keys_are_the_keys_they_spell():
    assert names(b'{"mcp\\u0053ervers": {"f\\u0073": {}}}') == [(None, "fs")]


def test_what_it_does_not_look_into_may_be_odd():
    odd = (
        b'{"big": 123456789012345678901234567890, "huge": 1e999, "n": %s, "dup": {"a":1,"a":2}, "u": "\xff", "dup": 1,'
        % (b"9" * 5000)
    )
    assert names(odd + b'"mcpServers": {"fs": {"env": {"A": "1", "A": "2"}}}}') == [(None, "fs")]


@pytest.mark.requirement("install.bad-input")
@pytest.mark.parametrize(
    ("content", "where", "why"),
    [
        (b"", "1:1", "empty"),
        (b"  \n", "1:1", "empty"),
        (b"\xff\xfe{\0}\0", "1:1", "UTF-16"),
        (b'{"a":\n "x\0"}', "2:4", "NUL"),
        (b'{\n  // why\n  "a": 1}', "2:3", "comments"),
        (b'{"a": [1, /* two */ 2]}', "1:11", "comments"),
        (b'{"mcpServers": {},\n}', "1:18", "comma"),
        (b'{"a": [1,\n]}', "2:1", "comma"),
        (b'{"a": 1', "1:8", "ends too early"),
        (b'{"a": 1} x', "1:10", "behind the end"),
        (b'{"a" 1}', "1:6", "not valid"),
        (b'{"a": NaN}', "1:7", "NaN"),
        (b'{"a": ' + b"[" * 100_000 + b"}", "1:7", "deeply"),
        ('{"é": tru}'.encode(), "1:7", "not valid"),
        (b'{"mcpServers": {}, "mcpServers": {}}', "1:20", "twice"),
        (b'{"mcpServers": {"a": {}, "a": {}}}', "1:26", "twice"),
        (b'{"mcpServers": {"a": {"command": "x", "command": "y"}}}', "1:39", "twice"),
        (b"[]", "1:1", "object"),
    ],
)
def test_what_the_client_cannot_read_is_refused_with_its_place(content, where, why):
    with pytest.raises(ConfigFault) as caught:
        read(content)
    assert caught.value.message.startswith(f"/h/c.json:{where}: ")
    assert why in caught.value.message


def test_a_container_that_is_no_object_is_refused():
    with pytest.raises(ConfigFault, match=r"c\.json:1:16: an object is expected"):
        list(read(b'{"mcpServers": []}').find(("mcpServers",)))


def test_a_null_container_is_none():
    assert names(b'{"mcpServers": null}') == []


def test_place_counts_characters():
    content = "a\nüü x".encode()
    assert place(content, content.index(b"x")) == "2:4"


@given(VALUES, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_any_json_around_is_skipped(value, indent, ascii_only):
    servers = {"s": {"command": "c", "args": ["a", "b"]}}
    tree = {"before": value, "mcpServers": servers, "after": value}
    content = json.dumps(tree, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    document = read(content)
    ((_, node),) = document.find(("mcpServers",))
    assert document.value(node) == servers
    args = node.members[0].value.member("args").value
    assert [document.value(each) for each in elements(document, args)] == ["a", "b"]


@given(st.binary(max_size=60))
def test_garbage_raises_nothing_but_a_config_fault(content):
    with suppress(ConfigFault):
        read(content)


@pytest.mark.parametrize("text", [b"[]", b"[ ]", b'[\n"a"\n]', b'["a","]"]'])
def test_elements_of_an_array(text):
    content = b'{"mcpServers": {"s": {"args": ' + text + b"}}}"
    document = read(content)
    ((_, node),) = document.find(("mcpServers",))
    args = node.members[0].value.member("args").value
    assert [document.value(each) for each in elements(document, args)] == json.loads(text)
