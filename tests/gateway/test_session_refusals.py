"""What cannot be read in one way is never forwarded, always recorded, and whoever waits gets an answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.gateway.session import Session
from mcpgw.protocol.framing import Oversize
from mcpgw.protocol.methods import Direction
from support.judges import judge
from support.playbook import call, client, play, record, server, to_client, to_server

FORWARDED = [record(decision="allow"), to_server()]
REFUSED = record(decision="refuse", type="broken", params=None, method=None)
TWICE = b'{"jsonrpc":"2.0","id":%s,"method":"tools/call","params":{"name":"a","name":"b"}}\n'


def session(profile: str = "balanced", settings: str = "") -> Session:
    return Session(judge(profile, settings), "i")


@pytest.mark.requirement("relay.one-reading")
def test_an_ambiguous_request_is_answered_to_its_sender() -> None:
    play(session()) >> client(TWICE % b"5") << [REFUSED, to_client(id=5, error=-31002)]
    play(session()) >> client(TWICE % b'"5"') << [REFUSED, to_client(id="5", error=-31002)]
    play(session()) >> server(TWICE % b"5") << [REFUSED, to_server(id=5, error=-31002)]


def test_an_ambiguous_answer_ends_the_wait_of_its_request_only() -> None:
    story = play(session()) >> call(1) << FORWARDED
    story >> call(2) << FORWARDED
    twice = b'{"jsonrpc":"2.0","id":1,"result":{"content":[],"content":[]}}\n'
    story >> server(twice) << [REFUSED, to_client(id=1, error=-31002)]
    story >> server({"id": 2, "result": {}}) << [record(), to_client()]
    story >> server(twice.replace(b'"id":1', b'"id":77')) << [REFUSED]


def test_ambiguous_notifications_have_nobody_to_answer() -> None:
    twice = b'{"jsonrpc":"2.0","method":"notifications/x","params":{"name":1,"Name":2}}\n'
    play(session()) >> client(twice) << [REFUSED]
    play(session()) >> server(twice) << [REFUSED]


@pytest.mark.parametrize(
    "frame",
    [
        b'{"jsonrpc":"2.0","id":1,"result":{"v":[1,]}}\n',
        b'{"jsonrpc":"2.0","result":{},"id":1.0}\n',
        b'{"jsonrpc":"2.0","id":1,"id":9,"result":{}}\n',
        b'{"jsonrpc":"2.0","ID":1,"result":{}\n',
        b'{"jsonrpc":"2.0","result":{"text":"\n',
        b'{"jsonrpc":"2.0","id":1,"result":NaN}\n',
    ],
)
@pytest.mark.requirement("relay.broken-answers")
def test_a_broken_answer_ends_the_wait(frame: bytes) -> None:
    story = play(session()) >> call(1) << FORWARDED
    story >> server(frame) << [REFUSED, to_client(id=1, error=-31002)]


def test_a_broken_frame_is_for_nobody_when_two_wait_and_none_can_be_told() -> None:
    story = play(session()) >> call(1) << FORWARDED
    story >> call(2) << FORWARDED
    story >> server(b'{"jsonrpc":"2.0","result":{"text":"\n') << [REFUSED]


@pytest.mark.requirement("relay.banner")
@pytest.mark.parametrize(
    "line", [b"Listening on port 3000...\n", b"\x1b[32mok\x1b[0m\n", b"\n", b" \r\n", b"\xff\xfe\n"]
)
def test_a_banner_is_dropped_and_the_handshake_goes_on(line: bytes) -> None:
    story = play(session()) >> client({"id": 0, "method": "initialize", "params": {}}) << FORWARDED
    story >> server(line) << [record(decision="drop", type="broken")]
    story >> server({"id": 0, "result": {}}) << [record(decision="allow"), to_client()]


def test_a_broken_line_of_the_clients_is_answered() -> None:
    play(session()) >> client(b"no json\n") << [REFUSED, to_client(id=None, error=-32700)]
    play(session()) >> client(b'{"jsonrpc":"2.0","id":4,"method":"x",}\n') << [REFUSED, to_client(id=4, error=-31002)]


def test_a_broken_answer_of_the_clients_ends_the_servers_wait() -> None:
    story = play(session()) >> server({"id": "s", "method": "roots/list"}) << [record(), to_client()]
    (
        story
        >> client(b'{"jsonrpc":"2.0","id":"s","result":{"roots":[],"roots":[]}}\n')
        << [
            REFUSED,
            to_server(id="s", error=-31002),
        ]
    )


def test_a_second_request_under_a_waiting_id_is_refused() -> None:
    story = play(session()) >> call(1) << FORWARDED
    story >> call(1) << [REFUSED, to_client(id=1, error=-31002)]


@pytest.mark.requirement("relay.frame-cap")
def test_an_over_long_frame_is_refused() -> None:
    story = play(session()) >> call(1) << FORWARDED
    (
        story
        >> server(Oversize(b'{"jsonrpc":"2.0","id":1,"result":{"x":"yyyy'))
        << [REFUSED, to_client(id=1, error=-31002)]
    )
    (
        story
        >> client(Oversize(b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params"'))
        << [
            REFUSED,
            to_client(id=2, error=-31002),
        ]
    )


@pytest.mark.requirement("relay.malformed-text")
@pytest.mark.parametrize("spelling", [b"a\xffb", rb"a\ud800b"])
def test_malformed_text_in_a_result_is_repaired_or_refused_by_the_profile(spelling: bytes) -> None:
    frame = b'{"jsonrpc":"2.0","id":1,"result":{"t":"' + spelling + b'"}}\n'
    story = play(session()) >> call(1) << FORWARDED
    (
        story
        >> server(frame)
        << [
            record(decision="alert", type="broken"),
            record(decision="allow", type="result"),
            to_client(message={"jsonrpc": "2.0", "id": 1, "result": {"t": "a\ufffdb"}}),
        ]
    )
    strict = play(session("strict")) >> call(1) << FORWARDED
    strict >> server(frame) << [REFUSED, to_client(id=1, error=-31002)]


@pytest.mark.parametrize(
    "frame",
    [
        b'{"jsonrpc":"2.0","id":1,"result":{"\xff":1}}\n',
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"\xff"}}\n',
    ],
)
def test_malformed_keys_and_fields_are_refused_in_every_profile(frame: bytes) -> None:
    story = play(session()) >> call(1) << FORWARDED
    story >> server(frame) << [REFUSED, to_client(id=1, error=-31002)]


def test_malformed_arguments_are_refused() -> None:
    frame = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"t":"\\ud800"}}}\n'
    play(session()) >> client(frame) << [REFUSED, to_client(id=1, error=-31002)]


@pytest.mark.requirement("relay.batches")
def test_a_batch_is_refused_outside_its_revision_and_answered_as_one() -> None:
    batch = b'[{"jsonrpc":"2.0","id":"a","method":"ping"},{"jsonrpc":"2.0","id":"b","method":"ping"}]\n'
    story = play(session()) >> client(batch)
    assert [type(effect).__name__ for effect in story.effects] == ["Record", "Record", "ToClient"]
    errors = json.loads(story.effects[2].frame)  # type: ignore[union-attr]
    assert [(each["id"], each["error"]["code"]) for each in errors] == [("a", -31002), ("b", -31002)]


@pytest.mark.requirement("relay.batches")
def test_a_batch_in_its_revision_is_judged_element_by_element() -> None:
    story = play(session()) >> client({"id": 0, "method": "initialize", "params": {}}) << FORWARDED
    story >> server({"id": 0, "result": {"protocolVersion": "2025-03-26"}}) << [record(), to_client()]
    ping = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}'
    leak = (
        b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"t","arguments":{"k":"AKIAQ3EGRT5LZW7YKX2M"}}}'
    )
    story >> client(b"[ " + ping % 1 + b" , " + ping % 2 + b" ]\n") << [record(), record(), to_server()]
    (
        story
        >> client(b"[" + ping % 3 + b"," + leak + b"]\n")
        << [
            record(decision="allow"),
            record(decision="block"),
            to_server(message=[{"jsonrpc": "2.0", "id": 3, "method": "ping"}]),
            to_client(id=9, blocked="aws-access-key"),
        ]
    )


@pytest.mark.requirement("relay.outlives-bugs")
def test_an_error_of_the_gateway_refuses_one_frame_and_no_more() -> None:
    class Broken(Session):
        def _message(self, *_: object) -> list[object]:  # type: ignore[override]
            raise RuntimeError("a bug")

    play(Broken(judge(), "i")) >> call(1) << [REFUSED, to_client(id=1, error=-31002, has=b"RuntimeError")]


@given(st.binary(max_size=60), st.sampled_from(list(Direction)))
def test_no_frame_is_forwarded_unjudged_and_none_raises(noise: bytes, direction: Direction) -> None:
    talk = session()
    effects = talk.receive(direction, noise + b"\n", now=1.0)
    assert len(effects) >= 1
    assert type(effects[0]).__name__ == "Record"
