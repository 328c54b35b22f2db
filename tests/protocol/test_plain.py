"""The quick reader says nothing, or what the thorough one says; and it does say something of the frames of every day."""

from __future__ import annotations

import json
import shutil
import sysconfig

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcpgw.detect.blobs import blobs_in
from mcpgw.protocol import methods, plain
from mcpgw.protocol.ambiguity import find_ambiguity
from mcpgw.protocol.message import Message, parse, parse_thoroughly
from mcpgw.protocol.methods import Direction

needs_extension = pytest.mark.skipif(plain.read is None, reason="built only where there is a C compiler")

EVERY_DAY = [
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"path":"/a b","n":-1.5e3}}}\n',
    b'{"jsonrpc": "2.0", "id": "a-1", "method": "ping"}\r\n',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"reason":"\\u00e9\\ud83d\\ude00"}}\n',
    '{"jsonrpc":"2.0","id":0,"result":{"content":[{"type":"text","text":"línea 1\\n\\t\\"2\\" 漢字 😀"}]}}\n'.encode(),
    b'{"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"no such method","data":[true,false,null,{}]}}\n',
    b'{"id":2,"result":{"tools":[{"name":"t","inputSchema":{"type":"object","properties":{"a":{},"b":[]}}}]},"jsonrpc":"2.0"}',
    b'{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}\n',
]
# Each is refused by the thorough reader, or is one that only it may judge.
NOT_PLAIN = [
    b"",
    b"[]\n",
    b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]\n',
    b' {"jsonrpc":"2.0","id":1,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"ping"}{}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"ping",}\n',
    b'{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":1,"Method":"ping","method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":1,"m\\u0065thod":"ping"}\n',
    b'{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}\n',
    b'{"jsonrpc":"2.0","id":1.0,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":-0,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":01,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":true,"method":"ping"}\n',
    b'{"jsonrpc":"1.0","id":1,"method":"ping"}\n',
    b'{"id":1,"method":"ping"}\n',
    b'{"jsonrpc":"2.0","id":1}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}\n',
    b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}\n',
    b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}\n',
    b'{"jsonrpc":"2.0","id":1,"result":{"isError":true,"iserror":false}}\n',
    b'{"jsonrpc":"2.0","id":1,"result":{"Content":[]}}\n',
    b'{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}\n',
    b'{"jsonrpc":"2.0","id":1,"result":{"a":NaN}}\n',
    b'{"jsonrpc":"2.0","id":1,"result":"\\ud800"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":"\\ude00\\ud83d"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":"\xff"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":"\xed\xa0\x80"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":"\xc0\xaf"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":"\xf4\x90\x80\x80"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":"a\tb"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":"\\x41"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":"\\u12"}\n',
    b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 65 + b"]" * 65 + b"}\n",
]

names = st.sampled_from(
    [*sorted(plain.KEYS), "Name", "ID", "isERROR", "path", "é", "a\u212a", methods.PROTOCOL_VERSION_META]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("2026-07-28")
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
ids = st.integers(-(10**20), 10**20) | st.text(max_size=4) | st.none() | st.floats()
envelopes = st.fixed_dictionaries(
    {"jsonrpc": st.sampled_from(["2.0", "2.0", "2.0", "1.0"])},
    optional={
        "id": ids,
        "method": st.sampled_from(["tools/call", "ping", "é"]),
        "params": st.dictionaries(names, values, max_size=4) | values,
        "result": values,
        "error": values,
        "more": values,
    },
)


@st.composite
def frames(draw):
    """A message, in one of the ways to write it, and often a byte wrong."""
    ascii_only, spaced = draw(st.booleans()), draw(st.booleans())
    text = json.dumps(draw(envelopes), ensure_ascii=ascii_only, separators=(", ", ": ") if spaced else (",", ":"))
    raw = bytearray(text.encode("utf-8", "surrogatepass") + draw(st.sampled_from([b"\n", b"\r\n", b"", b" \n", b"x"])))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(raw)))
        raw[at : at + draw(st.integers(0, 2))] = draw(
            st.sampled_from([b"", b'"', b"\\", b"{", b"}", b",", b"0", b"\xe9", b"\x00"])
        )
    return bytes(raw)


def essence(message: Message) -> tuple[object, ...]:
    return (message.kind, message.id, message.method, message.tool, message.revision, message.members, message.params)


@needs_extension
@pytest.mark.requirement("relay.one-reading")
@settings(max_examples=1500, deadline=None)
@given(frames(), st.sampled_from([3, 5, 200]))
@example(b'{"jsonrpc":"2.0","id":1,"result":1e999}\n', 200)
def test_what_the_quick_reader_takes_the_thorough_one_takes_alike(raw, max_depth):
    if plain.read(raw, max_depth) is None:
        return
    message, thorough = parse(raw, max_depth=max_depth), parse_thoroughly(raw, max_depth=max_depth)
    assert isinstance(message, Message) and isinstance(thorough, Message)
    assert essence(message) == essence(thorough)
    assert [find_ambiguity(thorough, direction) for direction in Direction] == [None, None]
    assert message.may_encode or blobs_in(thorough.members) == []
    if message.params_span[0] >= 0:
        start, end = message.params_span
        assert repr(json.loads(raw[start:end])) == repr(thorough.params)


@needs_extension
@pytest.mark.parametrize("raw", EVERY_DAY)
def test_frames_of_every_day_are_plain(raw):
    assert plain.read(raw, 200) is not None
    message = parse(raw)
    assert isinstance(message, Message) and message.plain
    assert essence(message) == essence(parse_thoroughly(raw))
    assert message.may_encode is (b'"data":' in raw)


@needs_extension
@pytest.mark.parametrize(
    ("body", "may_encode"),
    [
        (b'"result":{"content":[{"type":"image","data":"aGk="}]}', True),
        (b'"result":{"contents":[{"uri":"u","blob":"aGk="}]}', True),
        (b'"result":{"structuredContent":{"data":[{"blob":1}]},"content":[]}', False),
        (b'"result":{"structuredContent":{"data":1},"contents":[{"blob":""}]}', True),
        (b'"result":{"contents":[{"blob":""}],"structuredContent":{"x":1}}', True),
        (b'"result":{"content":[],"_meta":{"blob":""}}', False),
        (b'"method":"tools/call","params":{"name":"t","arguments":{"data":"","structuredContent":1}}', False),
    ],
)
def test_it_says_where_base64_may_stand(body, may_encode):
    message = parse(b'{"jsonrpc":"2.0","id":1,' + body + b"}")
    assert isinstance(message, Message) and message.plain
    assert message.may_encode is may_encode


@needs_extension
@pytest.mark.parametrize(
    ("body", "may_name_task"),
    [
        (b'"result":{"task":{"taskId":"t"}}', True),
        (b'"result":{"resultType":"task","taskId":"t"}', True),
        (b'"result":{"structuredContent":{"taskId":"t"},"_meta":{"taskId":"t"}}', False),
    ],
)
def test_it_says_where_a_task_may_be_named(body, may_name_task):
    message = parse(b'{"jsonrpc":"2.0","id":1,' + body + b"}")
    assert isinstance(message, Message) and message.plain
    assert message.may_name_task is may_name_task


@needs_extension
@pytest.mark.parametrize("raw", NOT_PLAIN)
def test_the_thorough_reader_judges_the_rest(raw):
    assert plain.read(raw, 200) is None


@needs_extension
def test_every_beginning_of_a_frame_is_left_to_the_thorough_reader():
    for raw in EVERY_DAY:
        whole = raw.rstrip()
        assert all(plain.read(whole[:end], 200) is None for end in range(len(whole)))


@needs_extension
def test_what_is_no_frame_is_a_fault_of_the_caller():
    for wrong in [("text", 200), (b"{}", "deep"), (b"{}",)]:
        with pytest.raises(TypeError):
            plain.read(*wrong)
    with pytest.raises(TypeError):
        plain.view("text")


@needs_extension
@pytest.mark.parametrize("keys", [b"name\nNAME\n", b"unended", b"".join(b"%d\n" % n for n in range(300))])
def test_keys_that_cannot_be_told_apart_are_refused(keys):
    from mcpgw import _native

    try:
        with pytest.raises(ValueError, match="not a set of protocol keys"):
            _native.know(keys, b"revision")
    finally:
        _native.know("".join(f"{key}\n" for key in sorted(plain.KEYS)).encode(), methods.PROTOCOL_VERSION_META.encode())


def test_it_is_built_where_there_is_a_compiler():
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    assert (plain.read is None) == (shutil.which(compiler) is None)
