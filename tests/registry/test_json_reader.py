import json
import tracemalloc

import pytest
from hypothesis import given, settings

from mcpgw.errors import ConfigFault
from mcpgw.registry.document import Shape, Syntax, elements, read_document, shape_of
from mcpgw.registry.json_reader import json_spans, json_value
from support.layouts import jsonc_files

SERVERS = shape_of([("servers",)], Shape({"command": None, "args": None}))


def read(content, syntax=Syntax.JSONC):
    return read_document(content, SERVERS, path="/h/mcp.json", syntax=syntax)


@settings(max_examples=300, deadline=None)
@given(jsonc_files())
def test_jsonc_says_what_its_json_says(drawn):
    content, tree = drawn
    document = read(content)
    assert document.value(document.root) == tree
    ((_, servers),) = document.find(("servers",))
    for member in servers.members:
        assert document.value(member.value) == tree["servers"][member.key]
        args = member.value.member("args")
        if args is not None:
            values = [document.value(each) for each in elements(document, args.value)]
            assert values == tree["servers"][member.key]["args"]


@pytest.mark.requirement("install.bad-input")
@pytest.mark.parametrize(
    ("content", "where", "why"),
    [
        (b'{"a": 1 /* open', "1:9", "not closed"),
        (b'{ # hash\n"a": 1}', "1:3", "only // and"),
        (b"{,}", "1:2", "not valid"),
        (b'{"a": [/* none */ ,]}', "1:19", "not valid"),
        (b'{"a": 1,, "b": 2}', "1:9", "not valid"),
        (b'{"a": /* nothing */ }', "1:21", "not valid"),
        (b'// only\n{"servers": {"s": {"command": "x"', "2:34", "ends too early"),
        (b'{"servers": {}, // c\n "servers": {}}', "2:2", "twice"),
        (b"// nothing\n", "2:1", "ends too early"),
        (b"[] // list", "1:1", "object"),
        ('{"a": 1} // c'.encode("utf-16"), "1:1", "UTF-16"),
        (b'{"a": 1} // \0', "1:13", "NUL"),
    ],
)
def test_what_is_no_jsonc_is_refused_with_its_place(content, where, why):
    with pytest.raises(ConfigFault) as caught:
        read(content)
    assert caught.value.message.startswith(f"/h/mcp.json:{where}: ")
    assert why in caught.value.message


def test_comments_are_refused_where_the_client_refuses_them():
    with pytest.raises(ConfigFault, match="comments are not allowed"):
        read(b'{"a": 1, // c\n"b": 2}', Syntax.JSON)


def test_a_container_that_is_no_object_is_refused():
    with pytest.raises(ConfigFault, match=r"mcp\.json:2:14: an object is expected"):
        list(read(b'{ // c\n  "servers": [], }').find(("servers",)))


def test_values_and_spans_of_one_text():
    assert json_value(b'[1, /* two */ "\xff",]', comments=True) == [1, "\N{REPLACEMENT CHARACTER}"]
    assert json_spans(b'[1, /* two */ "]",]', comments=True) == [(1, 2), (14, 17)]
    assert json_spans(b'"x"', comments=False) == []


def test_what_is_skipped_is_never_held():
    history = [{"display": "x", "pasted": {"n": n}} for n in range(100_000)]
    content = json.dumps({"history": history, "servers": {}}).encode()
    tracemalloc.start()
    read(content, Syntax.JSON)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * len(content)
