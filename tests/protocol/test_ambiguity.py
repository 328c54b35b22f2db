"""A key with a meaning stands once and in one spelling; data is free."""

from __future__ import annotations

import pytest

from mcpgw.protocol.ambiguity import find_ambiguity, repairable
from mcpgw.protocol.message import Message, parse
from mcpgw.protocol.methods import Direction

REQUEST = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":%s}'
RESULT = '{"jsonrpc":"2.0","id":1,"result":%s}'
ERROR = '{"jsonrpc":"2.0","id":1,"error":%s}'


def _message(text: str) -> Message:
    message = parse(text.encode())
    assert isinstance(message, Message)
    return message


@pytest.mark.requirement("relay.one-reading")
@pytest.mark.parametrize(
    "text",
    [
        '{"jsonrpc":"2.0","id":1,"method":"x","Method":"y"}',
        '{"jsonrpc":"2.0","id":1,"method":"x","param\u017f":{}}',
        '{"jsonrpc":"2.0","id":1,"method":"x","ID":2}',
        REQUEST % '{"name":"a","name":"b"}',
        REQUEST % '{"name":"a","Name":"b"}',
        REQUEST % '{"name":"a","arguments":{"x":{"p":1,"p":2}}}',
        REQUEST % '{"name":"a","arguments":{"path":"a","Path":"b"}}',
        REQUEST % '{"name":"a","arguments":{"\u212aey":1,"key":2}}',
    ],
)
def test_ambiguous_requests(text: str) -> None:
    assert find_ambiguity(_message(text), Direction.TO_SERVER)


@pytest.mark.parametrize(
    "text",
    [
        RESULT % '{"content":[],"content":[]}',
        RESULT % '{"Content":[]}',
        RESULT % '{"content":[{"type":"text","text":"a","text":"b"}]}',
        RESULT % '{"content":[{"type":"text","Text":"a"}]}',
        RESULT % '{"content":[{"type":"resource","resource":{"uri":"a","uri":"b"}}]}',
        RESULT % '{"tools":[{"name":"a","name":"b"}]}',
        RESULT % '{"tools":[{"name":"a","inputSchema":{"type":"object","type":"string"}}]}',
        RESULT % '{"tools":[{"name":"a","Description":"b"}]}',
        RESULT % '{"messages":[{"role":"user","content":{"type":"text","text":"a","text":"b"}}]}',
        ERROR % '{"code":1,"code":2,"message":"m"}',
    ],
)
def test_ambiguous_answers(text: str) -> None:
    assert find_ambiguity(_message(text), Direction.TO_CLIENT)


@pytest.mark.parametrize(
    "text",
    [
        RESULT % '{"content":[],"structuredContent":{"a":1,"a":2,"A":3}}',
        RESULT % '{"content":[],"_meta":{"x":{"a":1,"a":2}}}',
        RESULT % '{"tools":[{"name":"a","inputSchema":{"properties":{"Name":{},"name":{}}}}]}',
        RESULT % '{"x-vendor":1}',
        RESULT % "null",
        ERROR % '{"code":1,"message":"m","data":{"a":1,"a":2}}',
        '{"jsonrpc":"2.0","method":"notifications/x","x-extra":1,"params":{"k":[1,null]}}',
    ],
)
def test_data_is_free(text: str) -> None:
    assert find_ambiguity(_message(text), Direction.TO_CLIENT) is None


def test_only_strings_of_results_are_repairable() -> None:
    assert repairable(_message(RESULT % '{"t":"\ufffd"}'))
    assert not repairable(_message(RESULT % '{"\ufffd":1}'))
    assert not repairable(_message(ERROR % '{"code":1,"message":"\ufffd"}'))
    assert not repairable(_message('{"jsonrpc":"2.0","id":"\ufffd","result":{}}'))
