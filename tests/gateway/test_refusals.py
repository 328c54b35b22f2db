"""What the gateway answered itself: its ids are few, and forgotten once they are used again."""

from __future__ import annotations

import itertools

import pytest

from mcpgw.gateway.effects import ToClient, ToServer, to
from mcpgw.gateway.refusals import MAX_REFUSED, Refusals, Refused
from mcpgw.protocol.message import Message, parse
from mcpgw.protocol.methods import Direction
from mcpgw.protocol.pending import Pending, PendingTable

REQUEST = Pending("1", "tools/call", "t", stateless=False, since=0.0)


def cancellation(identity: str) -> Message:
    frame = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%s}}' % identity.encode()
    message = parse(frame)
    assert isinstance(message, Message)
    return message


@pytest.mark.parametrize(("key", "spelled"), [("1", "1"), ('"1', '"1"')])
def test_a_cancellation_is_about_a_refused_request_of_the_same_type(key: str, spelled: str) -> None:
    refused = Refused(PendingTable())
    refused.add(key)
    assert refused.cancelled_by(cancellation(spelled))
    assert not refused.cancelled_by(cancellation('"1"' if key == "1" else "1"))
    assert not refused.cancelled_by(cancellation("[1]"))


def test_an_id_that_is_used_again_is_no_refused_one() -> None:
    waiting = PendingTable()
    refused = Refused(waiting)
    refused.add("1")
    waiting.add("1", REQUEST)
    assert not refused.cancelled_by(cancellation("1"))


def test_only_the_newest_are_kept() -> None:
    refused = Refused(PendingTable())
    for number in range(MAX_REFUSED + 1):
        refused.add(str(number))
    refused.add(None)
    assert not refused.cancelled_by(cancellation("0"))
    assert refused.cancelled_by(cancellation("1"))


def test_a_broken_answer_without_an_id_ends_the_only_wait_there_is() -> None:
    asked = PendingTable(), PendingTable()
    refusals = Refusals(asked, map(str, itertools.count()).__next__)
    asked[Direction.TO_SERVER].add("1", REQUEST)
    record, answer = refusals.frame(Direction.TO_CLIENT, b'{"result":', None, "half a line")
    assert (record.decision, record.reason, record.ref) == ("refuse", "half a line", "0")  # type: ignore[union-attr]
    assert isinstance(answer, ToClient)
    assert b'"id":1' in answer.frame
    assert len(asked[Direction.TO_SERVER]) == 0


def test_a_frame_leads_to_the_end_of_its_direction() -> None:
    assert to(Direction.TO_SERVER, b"x") == ToServer(b"x")
    assert to(Direction.TO_CLIENT, b"x") == ToClient(b"x")
