"""Parsing raises nothing but ProtocolError, and keeps ids of every type apart."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.protocol.message import (
    MAX_SALVAGED_TOKENS,
    Batch,
    Kind,
    MalformedText,
    Message,
    ProtocolError,
    Salvaged,
    id_text,
    parse,
    salvage_ids,
    twin_key,
)


def _parsed(raw: bytes) -> Message:
    message = parse(raw)
    assert isinstance(message, Message)
    return message


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n', Kind.REQUEST),
        (b' { "method":"x" , "jsonrpc":"2.0" }\r\n', Kind.NOTIFICATION),
        (b'{"jsonrpc":"2.0","id":1,"result":null}', Kind.RESULT),
        (b'{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"m"}}', Kind.ERROR),
    ],
)
def test_kinds(raw: bytes, kind: Kind) -> None:
    assert _parsed(raw).kind is kind
    assert _parsed(raw).raw == raw


@pytest.mark.requirement("relay.typed-ids")
@pytest.mark.parametrize(
    ("lexeme", "key"),
    [("1", "1"), ('"1"', '"1'), ("1.5", "1.5"), ("9007199254740993", "9007199254740993"), ('""', '"'), ("-7", "-7")],
)
def test_ids_keep_their_type_and_value(lexeme: str, key: str) -> None:
    message = _parsed(f'{{"jsonrpc":"2.0","id":{lexeme},"method":"ping"}}'.encode())
    assert message.id == key
    assert json.loads(message.id_text or "") == json.loads(lexeme)
    assert twin_key(twin_key(key)) == key


def test_a_huge_id_survives() -> None:
    digits = "9" * 6000
    assert _parsed(f'{{"jsonrpc":"2.0","id":{digits},"method":"ping"}}'.encode()).id_text == digits


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jsonrpc":"2.0","id":3.0,"result":{}}',
        b'{"jsonrpc":"2.0","id":1e2,"result":{}}',
        b'{"jsonrpc":"2.0","id":1e999,"result":{}}',
        b'{"jsonrpc":"2.0","id":true,"method":"x"}',
        b'{"jsonrpc":"2.0","id":{},"method":"x"}',
        b'{"jsonrpc":"2.0","id":null,"method":"x"}',
        b'{"jsonrpc":"2.0","id":null,"result":1}',
        b'{"jsonrpc":"1.0","id":1,"method":"x"}',
        b'{"id":1,"method":"x"}',
        b'{"jsonrpc":"2.0","id":1,"method":"x","result":{}}',
        b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
        b'{"jsonrpc":"2.0","id":1,"method":7}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"id":1,"method":"x"}',
        b"[]",
        b"nonsense",
    ],
)
def test_refuses_what_is_no_message(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(raw)


@given(st.binary(max_size=80))
def test_raises_nothing_but_protocol_errors(noise: bytes) -> None:
    for raw in (noise, b'{"jsonrpc":"2.0","id":1,"result":' + noise + b"}", b"[" + noise):
        with suppress(ProtocolError):
            assert isinstance(parse(raw), Message | Batch)
        assert isinstance(salvage_ids(raw), Salvaged)


def test_over_deep_messages_are_refused() -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 10 + b"]" * 10 + b"}"
    assert parse(raw, max_depth=11)
    with pytest.raises(ProtocolError, match="deep"):
        parse(raw, max_depth=10)


def test_malformed_text_comes_with_a_repair() -> None:
    with pytest.raises(MalformedText) as invalid:
        parse(b'{"jsonrpc":"2.0","id":1,"result":{"t":"\xff"}}')
    assert invalid.value.repaired == '{"jsonrpc":"2.0","id":1,"result":{"t":"\ufffd"}}'.encode()
    with pytest.raises(MalformedText) as lone:
        parse(rb'{"jsonrpc":"2.0","id":1,"result":{"t":"\udc00"}}')
    assert lone.value.repaired == rb'{"jsonrpc":"2.0","id":1,"result":{"t":"\ufffd"}}'


def test_batches_know_where_their_messages_stand() -> None:
    raw = '[ {"jsonrpc":"2.0","id":"é","method":"a"},{"jsonrpc":"2.0","method":"b"} ]\n'.encode()
    batch = parse(raw)
    assert isinstance(batch, Batch)
    assert [raw[start:end] for start, end in batch.spans] == [message.raw for message in batch.messages]
    assert [message.method for message in batch.messages] == ["a", "b"]


@pytest.mark.parametrize(
    ("raw", "salvaged"),
    [
        (b'{"jsonrpc":"2.0","id":12,"result":{"v":[1,]}}', (("12",), ())),
        (b'{"ID":"a","result":{"id":5}', (('"a',), ("5",))),
        (b'{"id":3.0,"result":{}}', (("3",), ())),
        (b'{"id":1,"id":2', (("1", "2"), ())),
        (b'{"result":"\\"id\\":9"', ((), ())),
        (b"\xff\xfe", ((), ())),
    ],
)
def test_salvages_the_ids_of_broken_frames(raw: bytes, salvaged: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    assert salvage_ids(raw) == salvaged


def test_a_frame_that_was_built_to_be_long_in_the_reading_is_read_at_its_ends() -> None:
    values = b"[1," * (2 * MAX_SALVAGED_TOKENS)
    assert salvage_ids(b'{"id":7,"result":' + values) == Salvaged(("7",), ())
    assert salvage_ids(b'{"result":' + values + b'"x","id":"a"}') == Salvaged((), ('"a',))
    assert salvage_ids(b'{"id":7,"result":' + b"[" * 1_000_000 + b'{"id":8') == Salvaged(("7",), ("8",))
    assert salvage_ids(b'{"id"' + b',"id"' * MAX_SALVAGED_TOKENS) == Salvaged((), ())


def test_id_text_is_json() -> None:
    assert id_text('"a"\u2028') == '"a\\"\\u2028"'
    assert id_text("5") == "5"
