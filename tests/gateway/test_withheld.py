"""A server that was not started: the client gets answers, none of them from a server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcpgw.audit.record import Record
from mcpgw.gateway.effects import ToClient
from mcpgw.gateway.withheld import Withheld
from mcpgw.protocol.framing import Oversize
from mcpgw.protocol.methods import Direction
from support.judges import judge
from support.playbook import call, client, play, record, to_client

KEY = "AKIAQ3EGRT5LZW7YKX2M"
MODERN = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
LISTED = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}


def _withheld() -> Withheld:
    return Withheld(judge(), "fs", "ABCDEFGH")


def _result(message: dict[str, Any]) -> Any:
    arrival = client(message)
    _, answer = _withheld().receive(arrival.direction, arrival.frame, now=1.0)
    assert isinstance(answer, ToClient)
    return json.loads(answer.frame)["result"]


@pytest.mark.requirement("trust.withheld-answers")
def test_the_handshake_is_in_the_gateways_own_name() -> None:
    asked = {"protocolVersion": "2025-06-18", "clientInfo": {"name": "c", "version": "1"}}
    result = _result({"id": 0, "method": "initialize", "params": asked})
    assert result["protocolVersion"] == "2025-06-18"
    assert result["serverInfo"]["name"] == "mcpgw"
    assert result["capabilities"] == {"tools": {}}
    assert "ABCDEFGH" in result["instructions"]


@pytest.mark.parametrize("wanted", ["2026-07-28", "1999-01-01", None, 5, ["x"]])
def test_a_revision_without_a_handshake_gets_the_newest_that_has_one(wanted: Any) -> None:
    assert _result({"id": 0, "method": "initialize", "params": {"protocolVersion": wanted}})["protocolVersion"] == (
        "2025-11-25"
    )


@pytest.mark.requirement("trust.withheld-answers")
@pytest.mark.parametrize("method", LISTED)
def test_every_list_is_empty(method: str) -> None:
    assert _result({"id": "a", "method": method}) == {LISTED[method]: []}
    assert _result({"id": "a", "method": method, "params": MODERN}) == {
        LISTED[method]: [],
        "resultType": "complete",
        "ttlMs": 0,
        "cacheScope": "private",
    }


@pytest.mark.requirement("trust.withheld-refuses")
def test_a_session() -> None:
    (
        play(_withheld())
        >> client({"id": 1, "method": "ping"})
        << [record(decision="allow"), to_client(message={"jsonrpc": "2.0", "id": 1, "result": {}})]
        >> client({"method": "notifications/initialized"})
        << [record(type="notification", decision="drop")]
        >> call(2)
        << [record(decision="block", reason="approval", ref="ABCDEFGH", tool="echo"), to_client(id=2, blocked="fs")]
        >> client({"id": "p", "method": "server/discover", "params": MODERN})
        << [record(decision="block"), to_client(id="p", error=-31005)]
        >> client({"id": 3, "method": "resources/read", "params": {"uri": "a:b"}})
        << [record(decision="block"), to_client(id=3, error=-31005, has=b'"ref":"ABCDEFGH"')]
        >> client({"id": 4, "result": {}})
        << [record(type="result", decision="drop")]
    )


@pytest.mark.requirement("answers.no-weakening")
def test_the_model_is_told_to_ask_and_nothing_else() -> None:
    (_, answer) = _withheld().receive(call(1).direction, call(1).frame, now=1.0)
    assert isinstance(answer, ToClient)
    text = json.loads(answer.frame)["result"]["content"][0]["text"]
    assert "ABCDEFGH" in text and "the server fs" in text
    assert "approve " not in text and "mcpgw review" not in text and "`" not in text


@pytest.mark.requirement("audit.masked")
def test_a_key_in_a_refused_call_is_masked() -> None:
    (said, _) = _withheld().receive(call(1).direction, call(1, KEY, tool=KEY).frame, now=1.0)
    assert isinstance(said, Record)
    assert said.findings
    assert KEY not in f"{said.params}{said.tool}"


def test_without_a_policy_it_answers_all_the_same() -> None:
    (
        play(Withheld(None, "fs", "ABCDEFGH"))
        >> call(1)
        << [record(decision="block", params=None), to_client(blocked="fs")]
    )


@pytest.mark.parametrize(
    ("frame", "answers"),
    [
        (b'{"jsonrpc":"2.0","id":7,"method":"ping","method":"x"}\n', [to_client(id=7, error=-31002)]),
        (
            b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","Name":"b"}}\n',
            [to_client(id=7, error=-31002)],
        ),
        (b'{"jsonrpc":"2.0","method":"a","params":{"name":"a","Name":"b"}}\n', []),
        (b"nonsense\n", [to_client(id=None, error=-32700)]),
        (b"\xff\n", [to_client(id=None, error=-32700)]),
        (Oversize(b'{"jsonrpc":"2.0","id":9,"method":"x",'), [to_client(id=9, error=-31002)]),
    ],
)
def test_what_cannot_be_read_is_refused(frame: bytes | Oversize, answers: list[Any]) -> None:
    play(_withheld()) >> client(frame) << [record(type="broken", decision="refuse"), *answers]


def test_an_empty_line_is_passed_over() -> None:
    play(_withheld()) >> client(b" \n") << [record(decision="drop")]


def test_a_batch_is_answered_by_a_batch() -> None:
    frame = b'[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"n"},{"jsonrpc":"2.0","id":2,"method":"x"}]\n'
    effects = _withheld().receive(Direction.TO_SERVER, frame, now=1.0)
    assert [each.decision for each in effects if isinstance(each, Record)] == ["allow", "drop", "block"]
    last = effects[-1]
    assert isinstance(last, ToClient)
    assert [each["id"] for each in json.loads(last.frame)] == [1, 2]
    silent = b'[{"jsonrpc":"2.0","method":"n"}]\n'
    assert [type(each) for each in _withheld().receive(Direction.TO_SERVER, silent, now=1.0)] == [Record]


def test_the_client_is_known_and_nobody_waits() -> None:
    withheld = _withheld()
    params = {"clientInfo": {"name": "c", "version": "2"}}
    withheld.receive(Direction.TO_SERVER, client({"id": 0, "method": "initialize", "params": params}).frame, now=1.0)  # type: ignore[arg-type]
    assert withheld.client == ("c", "2")
    assert withheld.over
    assert withheld.server_ended("exit code 0", b"", now=2.0) == withheld.tick(now=3.0) == []
    assert withheld.server_started(now=4.0) == withheld.restart(now=5.0) == []
    assert withheld.due_at() is None
    kept: list[Any] = [ToClient(b"x\n")]
    assert withheld.unrecorded(kept) == kept
