"""A secret is replaced alike in each spelling of the JSON value that holds it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcpgw.detect.unfold import unfold
from mcpgw.detect.walk import find_places, locate
from mcpgw.gateway.documents import Document, Home
from mcpgw.policy.decide import Judged
from mcpgw.policy.redact import splice
from mcpgw.policy.rule import Action
from mcpgw.policy.shape import Unsupported

SECRET = b"AKIAIOSFODNN7EXAMPLE"
BASE = "/result/structuredContent"
STAND_IN = "[mcpgw:aws-access-key:ABCD2345]"


def judged(frame: bytes, nth: int = 0) -> Judged:
    start = -1
    for _ in range(nth + 1):
        start = frame.index(SECRET, start + 1)
    pointer = locate(frame, [start])[start].pointer
    action = Action.REDACT
    rule = "aws-access-key"
    return Judged(rule, "high", action, pointer, start, start + len(SECRET), True, "AKIA...", "f" * 16, "ABCD2345")


def frame_of(value: Any, text: str | None = None) -> bytes:
    content = [] if text is None else [{"type": "text", "text": text}]
    return json.dumps({"result": {"structuredContent": value, "content": content}}).encode()


def edited(frame: bytes, document: Document, home: Home, one: Judged) -> dict[str, Any]:
    assert document.note(home, [(one, locate(frame, [one.start])[one.start])]) == []
    places = find_places(frame, set(document.in_frame()))
    changed: dict[str, Any] = json.loads(splice(frame, document.edits(places)))["result"]
    return changed


def test_a_value_of_the_frame_is_replaced_where_it_stands() -> None:
    value = {"key": f"it is {SECRET.decode()}!", "n": 1}
    frame = frame_of(value)
    home = Home(frame, BASE, None)
    document = Document(value, [home], None)
    assert edited(frame, document, home, judged(frame))["structuredContent"] == {"key": f"it is {STAND_IN}!", "n": 1}


def test_its_copy_in_a_text_changes_with_it() -> None:
    value = {"key": SECRET.decode()}
    frame = frame_of(value, json.dumps(value))
    place = find_places(frame, {"/result/content/0/text"})["/result/content/0/text"][0]
    outer = unfold(frame[place.start : place.end], place.start)
    here, copy = Home(frame, BASE, None), Home(outer.text, "", outer)
    changed = edited(frame, Document(value, [here, copy], None), here, judged(frame))
    assert changed["structuredContent"] == {"key": STAND_IN}
    assert json.loads(changed["content"][0]["text"]) == changed["structuredContent"]


def test_a_value_that_a_schema_allows_alone_has_no_stand_in() -> None:
    value = {"key": SECRET.decode()}
    frame = frame_of(value)
    home = Home(frame, BASE, None)
    document = Document(value, [home], {"properties": {"key": {"const": SECRET.decode()}}})
    with pytest.raises(Unsupported):
        edited(frame, document, home, judged(frame))


def test_a_key_is_replaced_by_itself() -> None:
    frame = frame_of({SECRET.decode(): 1})
    home, one = Home(frame, BASE, None), judged(frame)
    (edit,) = Document({}, [home], None).note(home, [(one, locate(frame, [one.start])[one.start])])
    assert splice(frame, [edit]) == frame.replace(SECRET, STAND_IN.encode())
