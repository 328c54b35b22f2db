"""A record takes method and tool of an answer from the request that it answers."""

from __future__ import annotations

from mcpgw.gateway.judging import Verdict
from mcpgw.gateway.records import broken, record_of
from mcpgw.policy.decide import CLEAN
from mcpgw.protocol.message import Message, parse
from mcpgw.protocol.methods import Direction
from mcpgw.protocol.pending import Pending


def test_an_answer_is_named_after_its_request() -> None:
    message = parse(b'{"jsonrpc":"2.0","id":1,"result":{}}')
    assert isinstance(message, Message)
    request = Pending("1", "tools/call", "t", False, 0.0)
    noted = record_of(Direction.TO_CLIENT, message, Verdict(CLEAN, message.raw), None, request=request, latency_us=5)
    assert (noted.type, noted.method, noted.tool, noted.decision, noted.latency_us) == (
        "result",
        "tools/call",
        "t",
        "allow",
        5,
    )
    assert noted.bytes == len(message.raw)


def test_of_a_broken_frame_only_its_size_is_kept() -> None:
    noted = broken(Direction.TO_SERVER, b"secret-bytes", "refuse", "why", "REF")
    assert "secret" not in repr(noted)
    assert (noted.bytes, noted.type, noted.reason) == (12, "broken", "why")
