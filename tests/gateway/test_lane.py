"""The quick lane does what session and recorder do, to the byte, or leaves the frame to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcpgw.audit.chain import GENESIS, seal
from mcpgw.audit.record import Record, encode
from mcpgw.gateway import lane as quick
from mcpgw.gateway.effects import Effect, ToClient, ToServer
from mcpgw.gateway.lasting import Lasting
from mcpgw.gateway.lifecycle import Lifecycle
from mcpgw.policy.rule import Upkeep
from mcpgw.protocol.methods import Direction
from mcpgw.protocol.pending import MAX_PENDING
from support.judges import judge

pytestmark = pytest.mark.skipif(quick._Lane is None, reason="built only where there is a C compiler")

SHARED = '"instance":"i","server":"s","entry":""'
AT, TIME = "1.000000", "1970-01-01T00:00:01.000000Z"
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
AGREED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}
SECRET = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
TO_SERVER, TO_CLIENT = Direction.TO_SERVER, Direction.TO_CLIENT


class Talk:
    """A session as the relay drives it, its journal a list of lines. with_lane: whether runs go the quick way."""

    def __init__(self, profile: str, text: str, *, with_lane: bool) -> None:
        made = judge(profile, text)
        self.session = Lasting(made, "i", Lifecycle(Upkeep(), lambda: 0.0), "0f0f")
        self.with_lane = with_lane
        self.lines: list[bytes] = []
        self.sent: tuple[list[bytes], list[bytes]] = ([], [])
        self.runs = 0
        self._digest = GENESIS
        self.tell(TO_SERVER, message(0, "initialize", INITIALIZE), 1.0)
        self.tell(TO_CLIENT, answer(0, AGREED), 1.0)
        assert self.session.lane is not None

    def tell(self, direction: Direction, chunk: bytes, now: float) -> None:
        at = 0
        while at < len(chunk):
            if self.with_lane and (lane := self.session.lane) is not None:
                opening = f'"at":{AT},"time":"{TIME}",{SHARED}'.encode()
                take = lane.answers if direction else lane.requests
                run = take(chunk, at, now, opening, len(self.lines) + 1, self._digest)
                if run is not None:
                    end, lines, self._digest, frames, *_ = run
                    self.lines += lines.splitlines(keepends=True)
                    self.sent[direction].append(chunk[at:end])
                    self.runs += frames
                    at = end
                    continue
            stop = chunk.index(b"\n", at) + 1
            for effect in self.session.receive(direction, chunk[at:stop], now=now):
                self._perform(effect)
            at = stop

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, Record):
            body = encode(effect, sequence=len(self.lines) + 1, at=AT, time_text=TIME, shared=SHARED)
            line, self._digest = seal(body, self._digest)
            self.lines.append(line)
        elif isinstance(effect, (ToServer, ToClient)):
            self.sent[isinstance(effect, ToClient)].append(effect.frame)

    def state(self) -> Any:
        """All that may not depend on the way; what is forwarded in one piece or in many is the same."""
        table = self.session._session.asked[TO_SERVER].by_id
        return self.lines, [b"".join(frames) for frames in self.sent], table


def message(identity: object, method: str, params: object = None, *, escaped: bool = True) -> bytes:
    """escaped: all that is not printable ASCII is."""
    parts = {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}
    present = {key: value for key, value in parts.items() if value is not None}
    return json.dumps(present, ensure_ascii=escaped).encode() + b"\n"


def answer(identity: object, result: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": identity, "result": result}).encode() + b"\n"


def call(identity: object, text: str = "hello") -> bytes:
    return message(identity, "tools/call", {"name": "echo", "arguments": {"text": text}})


TASK = message(2, "tasks/get", {"taskId": "t"})

TEXTS = st.sampled_from(
    ["", "plain", "two\nlines\t", "é", 'a "quote"', "back\\slash", SECRET, "[mcpgw:x]", "x" * 5_000, "\x7f", "a\rb"]
) | st.text(max_size=12)
IDS = st.sampled_from([1, 2, 3, "1", "two", "é", 'q"q', "\x7f", 10**20, 1.5, None, True])
METHODS = st.sampled_from(
    ["tools/call", "x/y", "tools/list", "tasks/get", "initialize", "resources/read", "ping", "é", "\x7f", ""]
)
PARAMS = st.sampled_from(
    [
        None,
        {},
        {"name": "echo"},
        {"name": "é", "arguments": {}},
        {"name": "\x7f"},
        {"name": 7},
        {"taskId": "t"},
        {"data": "aGVsbG8="},
        {"arguments": {"data": "aGVsbG8=", "taskId": "t"}},
        {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}},
        {"_meta": {"io.modelcontextprotocol/protocolVersion": "2025-11-25"}},
        {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026"}},
        {"_meta": {"progressToken": 1}},
        {"Name": "x"},
    ]
)
REQUESTS = (
    st.builds(call, IDS, TEXTS)
    | st.builds(message, IDS, METHODS, PARAMS)
    | st.builds(message, IDS, METHODS, PARAMS, escaped=st.just(value=False))
)
RESULTS = st.builds(lambda text: {"content": [{"type": "text", "text": text}]}, TEXTS) | st.sampled_from(
    [{}, None, {"task": {"taskId": "t"}}, {"taskId": "t"}, {"content": [{"type": "image", "data": "AAAA"}]}]
)
ERRORS = st.builds(
    lambda identity, text: (
        json.dumps({"jsonrpc": "2.0", "id": identity, "error": {"code": 1, "message": text}}).encode() + b"\n"
    ),
    IDS,
    TEXTS,
)
ODD = st.sampled_from(
    [
        b"\n",
        b" \n",
        b"banner\n",
        b'{"jsonrpc":"2.0","method":"notifications/x"}\n',
        b'{"jsonrpc":"2.0","id":1,"result":{},"params":{}}\n',
        b'{"jsonrpc":"2.0","id":1,"id":2,"result":{}}\n',
        b'[{"jsonrpc":"2.0","id":1,"method":"x/y"}]\n',
        b'{"jsonrpc":"2.0","id":1,"method":"roots/list"}\r\n',
        b'{"jsonrpc":"2.0","id":1,"method":"x/y","params":{"a":1,\r"b":2}}\n',
    ]
)
CHUNKS = st.lists(
    st.tuples(st.just(TO_SERVER), st.lists(REQUESTS | ODD, min_size=1, max_size=5))
    | st.tuples(st.just(TO_CLIENT), st.lists(st.builds(answer, IDS, RESULTS) | ERRORS | ODD, min_size=1, max_size=5)),
    min_size=1,
    max_size=6,
)


@pytest.mark.requirement("relay.quick-lane")
@pytest.mark.parametrize("text", ["", '[audit]\nrecord = "metadata"\n', "[audit]\nmax_params_bytes = 60\n"])
@pytest.mark.parametrize("profile", ["observe", "balanced", "strict"])
@settings(max_examples=60, deadline=None)
@given(chunks=CHUNKS)
@example([(TO_SERVER, [call(1)]), (TO_CLIENT, [answer(1, {"taskId": "t"})]), (TO_SERVER, [TASK])])
def test_with_and_without_the_lane_all_is_the_same(profile, text, chunks):
    quickly, slowly = (Talk(profile, text, with_lane=each) for each in (True, False))
    for number, (direction, frames) in enumerate(chunks):
        for talk in (quickly, slowly):
            talk.tell(direction, b"".join(frames), 2.0 + number / 7)
    assert quickly.state() == slowly.state()


def test_calls_and_their_answers_go_the_quick_way_in_one_run():
    talk = Talk("balanced", "", with_lane=True)
    talk.tell(TO_SERVER, b"".join(call(number, "line\n") for number in range(1, 51)), 2.0)
    talk.tell(TO_CLIENT, b"".join(answer(number, {"content": []}) for number in range(50, 0, -1)), 3.0)
    assert talk.runs == 100
    assert talk.state()[2] == {}


@pytest.mark.parametrize(
    "chunk",
    [
        call(1, SECRET),
        call(1, SECRET).replace(b"ghp_", b"\\u0067hp_"),
        call(1, "[mcpgw:x]"),
        message(1, "tools/list"),
        message(1, "initialize", INITIALIZE),
        message(1, "x/y", {"data": "aGVsbG8="}),
        b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n',
        call(1)[:-1],
    ],
)
def test_what_more_is_to_be_done_about_is_left_to_the_session(chunk):
    lane = Talk("balanced", "", with_lane=True).session.lane
    assert lane is not None
    assert lane.requests(chunk, 0, 2.0, b"", 1, GENESIS) is None


@pytest.mark.parametrize("method", ["tools/list", "tasks/result", "prompts/get"])
def test_so_are_the_answers_of_which_something_is_kept(method):
    talk = Talk("balanced", "", with_lane=True)
    talk.tell(TO_SERVER, message(1, method, {}), 2.0)
    lane = talk.session.lane
    assert lane is not None
    assert lane.answers(answer(1, {}), 0, 2.0, b"", 1, GENESIS) is None


def test_a_run_ends_before_the_first_frame_that_is_not_taken():
    lane = Talk("balanced", "", with_lane=True).session.lane
    assert lane is not None
    first, second = call(1), call(2)
    run = lane.requests(first + second + call(3, SECRET) + call(4), 0, 2.0, b'"at":1', 1, GENESIS)
    assert run is not None
    assert run[0] == len(first + second)
    assert run[3:6] == (2, len(first + second), 2)


def test_an_undone_run_has_not_happened():
    talk = Talk("balanced", "", with_lane=True)
    lane = talk.session.lane
    assert lane is not None
    talk.tell(TO_SERVER, call(1) + call("b"), 2.0)
    before = dict(talk.state()[2])
    assert lane.requests(call(3), 0, 2.0, b'"at":1', 1, GENESIS) is not None
    lane.undo()
    assert lane.answers(answer("b", {}) + answer(1, {}), 0, 2.0, b'"at":1', 1, GENESIS) is not None
    assert talk.state()[2] == {}
    lane.undo()
    assert talk.state()[2] == before


def test_a_full_table_is_the_sessions():
    talk = Talk("balanced", "", with_lane=True)
    talk.tell(TO_SERVER, b"".join(call(number) for number in range(MAX_PENDING)), 2.0)
    assert len(talk.state()[2]) == MAX_PENDING
    lane = talk.session.lane
    assert lane is not None
    assert lane.requests(call("one more"), 0, 2.0, b'"at":1', 1, GENESIS) is None


def test_where_bodies_are_recorded_in_full_there_is_no_lane():
    session = Lasting(judge("balanced", '[audit]\nrecord = "full"\n'), "i", Lifecycle(Upkeep(), lambda: 0.0), "0f0f")
    assert session.lane is None


@pytest.mark.parametrize("start", [-1, 10_000])
def test_a_run_begins_inside_its_chunk(start):
    lane = Talk("balanced", "", with_lane=True).session.lane
    assert lane is not None
    with pytest.raises(ValueError, match="inside the chunk"):
        lane.requests(call(1), start, 2.0, b"", 1, GENESIS)
