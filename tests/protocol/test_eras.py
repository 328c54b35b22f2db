"""Era belongs to a message."""

from __future__ import annotations

import json
from typing import Any

from mcpgw.protocol.eras import agreed_revision, client_of, is_stateless, negotiated_revision
from mcpgw.protocol.message import Message, parse


def _request(method: str, params: Any) -> Message:
    message = parse(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())
    assert isinstance(message, Message)
    return message


def test_a_stateless_request_names_its_revision() -> None:
    key = "io.modelcontextprotocol/protocolVersion"
    assert is_stateless(_request("tools/call", {"_meta": {key: "2026-07-28"}}))
    assert not is_stateless(_request("tools/call", {"_meta": {key: "2025-11-25"}}))
    for params in ({}, {"_meta": 1}, {"_meta": {key: 7}}, [], None):
        assert not is_stateless(_request("tools/call", params))


def test_the_client_is_known_in_both_eras() -> None:
    declared = {"name": "c", "version": "1"}
    assert client_of(_request("initialize", {"clientInfo": declared})) == ("c", "1")
    assert client_of(_request("ping", {"_meta": {"io.modelcontextprotocol/clientInfo": declared}})) == ("c", "1")
    assert client_of(_request("ping", {})) is None
    assert client_of(_request("initialize", {"clientInfo": {"name": 5}})) is None


def test_the_negotiated_revision() -> None:
    assert negotiated_revision({"protocolVersion": "2025-03-26"}) == "2025-03-26"
    assert negotiated_revision({"protocolVersion": 5}) is None
    assert negotiated_revision(None) is None


def test_a_handshake_settles_on_a_revision_that_has_one() -> None:
    assert agreed_revision("2024-11-05") == "2024-11-05"
    for wanted in ("2026-07-28", "2099-01-01", None, 5, []):
        assert agreed_revision(wanted) == "2025-11-25"
