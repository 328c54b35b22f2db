"""What leaves after a redaction is what a client accepts: same types, schema kept, text copies equal, bytes elsewhere kept."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mcpgw.gateway.judging import Verdict
from mcpgw.policy.rule import Action, Flow
from mcpgw.protocol.message import Message, parse
from support.judges import judge

KEY = "AKIAQ3EGRT5LZW7YKX2M"
CARD = "4539578763621486"
SSN = "536-22-8741"
PLACEHOLDER = re.compile(r"\[mcpgw:[a-z-]+:[A-Z2-7]{8}\]")


def _judged(raw: bytes, schema: Any = None) -> Verdict:
    message = parse(raw)
    assert isinstance(message, Message)
    return judge().verdict(message, Flow.TO_CLIENT, None if schema is None else json.dumps(schema))


def _frame(result: Any, **options: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}, **options).encode()


def _left(result: Any, schema: Any = None) -> Any:
    """The result as it leaves, which a redaction must have made."""
    verdict = _judged(_frame(result), schema)
    assert verdict.decision.action is Action.REDACT, verdict.decision
    return json.loads(verdict.frame)["result"]


def _structured(value: Any, schema: Any = None) -> Any:
    """structuredContent as it leaves with its text copy, which is checked."""
    result = {"content": [{"type": "text", "text": json.dumps(value, indent=2)}], "structuredContent": value}
    left = _left(result, schema)
    assert json.loads(left["content"][0]["text"]) == left["structuredContent"]
    return left["structuredContent"]


SECRETS = st.sampled_from([KEY, f"key {KEY}.", SSN, f'"{KEY}"\\', f"é🙂 {KEY}\n{KEY}", int(CARD), CARD])
PLAIN = st.sampled_from(["a", "", "é\n", "\\", '"', "🙂", 1, 1.0, 1e300, None, True, [], {}])
VALUES = st.recursive(
    SECRETS | PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b/~", 'c"', "é"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.requirement("redact.text-copy")
@settings(max_examples=300, deadline=None)
@given(VALUES, st.booleans(), st.booleans(), st.sampled_from([None, 1]))
def test_a_text_copy_stays_one_however_it_is_spelled(value: Any, outer: bool, inner: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=inner, indent=indent)
    raw = _frame(
        {"structuredContent": {"v": value}, "content": [{"type": "text", "text": f'{{"v": {text}}}'}]},
        ensure_ascii=outer,
    )
    verdict = _judged(raw)
    assert verdict.decision.action in (Action.ALLOW, Action.REDACT)
    left = json.loads(verdict.frame)["result"]
    assert json.loads(left["content"][0]["text"]) == left["structuredContent"]
    for secret in (KEY, SSN, CARD):
        assert secret.encode() not in verdict.frame
    assert _without_secrets(left["structuredContent"]["v"]) == _without_secrets(value)


def _without_secrets(value: Any) -> Any:
    """The value with secrets and what stands for them reduced to their types."""
    if isinstance(value, dict):
        return {key: _without_secrets(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_without_secrets(child) for child in value]
    if isinstance(value, str):
        return re.sub(f"{KEY}|{CARD}|{SSN}", "*", PLACEHOLDER.sub("*", value))
    return "number" if value in (int(CARD), 10**15) and not isinstance(value, bool) else value


@pytest.mark.requirement("redact.only-strings")
@given(st.lists(st.sampled_from(["a ", "\\n", '\\"', "é", "\\u00e9", f" {KEY} ", "\\ud83d\\ude00", "🙂"]), max_size=8))
def test_bytes_outside_of_the_secrets_stay(pieces: list[str]) -> None:
    text = "".join(pieces)
    raw = (
        f'{{"jsonrpc" : "2.0",\t"id":1,"result":{{"content":[{{"type":"text","text":"{text}"}}],"x":1.0}}}}\n'.encode()
    )
    frame = _judged(raw).frame
    assert PLACEHOLDER.sub(KEY, frame.decode()).encode() == raw


@pytest.mark.requirement("redact.text-copy")
def test_a_secret_that_only_one_spelling_shows_is_replaced_in_both() -> None:
    """`secret_key` and its value stand side by side in the copy; in the structured form an escape parts them."""
    raw = _frame(
        {"structuredContent": {"n": 1, "k": KEY}, "content": [{"type": "text", "text": json.dumps({"n": 1, "k": KEY})}]}
    )
    hidden = raw.replace(KEY.encode(), rb"AKIA\u0051" + KEY[5:].encode(), 1)
    assert hidden != raw
    left = json.loads(_judged(hidden).frame)["result"]
    assert json.loads(left["content"][0]["text"]) == left["structuredContent"]
    assert PLACEHOLDER.fullmatch(left["structuredContent"]["k"])


def test_json_text_without_an_original_still_parses() -> None:
    left = _left({"content": [{"type": "text", "text": json.dumps({"n": int(CARD), "k": f"a {KEY}"})}]})
    value = json.loads(left["content"][0]["text"])
    assert value["n"] == 10**15
    assert PLACEHOLDER.fullmatch(value["k"][2:])


def test_a_secret_in_a_key_of_a_text_is_replaced_as_text() -> None:
    left = _left({"content": [{"type": "text", "text": json.dumps({KEY: KEY})}]})
    assert KEY not in json.dumps(left)


@pytest.mark.requirement("redact.types")
def test_any_json_value_may_be_a_structured_result() -> None:
    assert PLACEHOLDER.fullmatch(_structured(KEY))
    assert _structured(int(CARD)) == 10**15
    assert _structured([1, [int(CARD), "x"]]) == [1, [10**15, "x"]]


SCHEMAS: list[tuple[str, Any, Any]] = [
    ("placeholder", {"type": "string"}, KEY),
    ("placeholder", {"type": "string", "minLength": 1, "maxLength": 200}, KEY),
    ("shape", {"type": "string", "maxLength": 20}, KEY),
    ("shape", {"type": "string", "pattern": r"^[0-9]{3}-[0-9]{2}-[0-9]{4}$"}, SSN),
    ("shape", {"type": "string", "pattern": "^[A-Z0-9]+$"}, KEY),
    ("pattern", {"type": "string", "pattern": "^(AKIA|ASIA)[A-Z0-9]{16}$"}, KEY),
    ("pattern", {"type": "string", "pattern": "^4[0-9]{12,18}$"}, CARD),
    ("format", {"type": "string", "format": "uri"}, f"https://host.example/?key={KEY}&x=1"),
    ("format", {"type": "string", "format": "hostname"}, f"{KEY}"),
    ("number", {"type": "integer"}, int(CARD)),
    ("number", {"type": "integer", "minimum": 0, "maximum": 9 * 10**15}, int(CARD)),
    ("number", {"type": "number", "exclusiveMinimum": 4 * 10**15}, int(CARD)),
    ("either", {"anyOf": [{"type": "string", "maxLength": 20}, {"type": "null"}]}, KEY),
    ("either", {"oneOf": [{"type": "string", "maxLength": 20}, {"type": "integer"}]}, KEY),
    ("ref", {"$ref": "#/$defs/short"}, KEY),
]


@pytest.mark.requirement("redact.schema")
@pytest.mark.parametrize(("kind", "schema", "value"), SCHEMAS)
def test_a_stand_in_fits_the_schema(kind: str, schema: Any, value: Any) -> None:
    root = {
        "type": "object",
        "$defs": {"short": {"type": "string", "maxLength": 20}},
        "properties": {
            "rows": {"type": "array", "items": {"type": "object", "properties": {"v": schema}, "required": ["v"]}}
        },
        "required": ["rows", "count"],
    }
    before = {"rows": [{"v": value}, {"v": value}], "count": 2}
    Draft202012Validator(root).validate(before)
    after = _structured(before, root)
    Draft202012Validator(root, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(after)
    assert after["count"] == 2
    assert after["rows"][0] == after["rows"][1]
    assert KEY not in json.dumps(after)
    if kind == "placeholder":
        assert PLACEHOLDER.fullmatch(after["rows"][0]["v"])


@pytest.mark.requirement("redact.schema-block")
@pytest.mark.parametrize(
    "schema",
    [
        {"enum": [KEY, "other"]},
        {"const": KEY},
        {"pattern": "^(?=AKIA)"},
        {"not": {"const": "x"}},
        {"format": "iri", "maxLength": 20},
        {"pattern": f"^{KEY}$"},
        {"if": {"minLength": 3}, "then": {"maxLength": 20}},
        {"unknown": 1},
    ],
)
def test_where_nothing_is_known_to_fit_the_result_is_blocked(schema: Any) -> None:
    raw = _frame({"content": [], "structuredContent": {"v": KEY}})
    assert _judged(raw, {"properties": {"v": schema}}).decision.action is Action.BLOCK
    assert _judged(raw, {"properties": {"other": schema}}).decision.action is Action.REDACT


@pytest.mark.requirement("redact.schema")
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SCHEMAS),
    st.lists(st.sampled_from(["list", "object", "any", "all"]), max_size=4),
)
def test_schemas_of_any_nesting_still_hold(leaf: tuple[str, Any, Any], nesting: list[str]) -> None:
    _, schema, value = leaf
    for kind in nesting:
        if kind == "list":
            schema, value = {"type": "array", "items": schema}, [value]
        elif kind == "object":
            schema, value = {"type": "object", "additionalProperties": False, "properties": {"k": schema}}, {"k": value}
        else:
            schema = {f"{kind}Of": [schema]}
    root = {**schema, "$defs": {"short": {"type": "string", "maxLength": 20}}}
    Draft202012Validator(root).validate(_structured(value, root))


@pytest.mark.requirement("redact.blobs")
@pytest.mark.parametrize("mime", ["text/plain; charset=utf-8", "application/x-unknown", None])
def test_a_text_blob_is_redacted_as_a_whole(mime: str | None) -> None:
    text = f"é {KEY}\nand {KEY} end"
    blob = {"uri": "file:///a", "blob": base64.b64encode(text.encode()).decode()} | ({"mimeType": mime} if mime else {})
    left = _left({"contents": [blob]})["contents"][0]
    decoded = base64.b64decode(left["blob"], validate=True).decode()
    assert PLACEHOLDER.sub(KEY, decoded) == text
    assert {**left, "blob": ""} == {**blob, "blob": ""}


def test_two_equal_blobs_are_redacted_alike() -> None:
    blob = {"uri": "u", "blob": base64.b64encode(KEY.encode() + b" ").decode()}
    left = _left({"contents": [blob, blob]})
    assert left["contents"][0] == left["contents"][1] != blob


def test_a_secret_in_a_blob_that_is_no_base64_is_blocked() -> None:
    assert _judged(_frame({"contents": [{"uri": "u", "blob": f"not base64 {KEY}"}]})).decision.action is Action.BLOCK


def test_every_occurrence_of_a_repeated_key_is_redacted() -> None:
    raw = _frame({"content": [], "structuredContent": {}}).replace(
        b"{}", f'{{"a":"fine","a":"x {KEY}","a":"{KEY}"}}'.encode()
    )
    frame = _judged(raw).frame.decode()
    assert PLACEHOLDER.sub(KEY, frame).encode() == raw
    assert KEY not in frame


def test_a_place_that_the_last_of_two_keys_hides_is_blocked_where_a_schema_holds() -> None:
    raw = _frame({"content": [], "structuredContent": {}}).replace(b"{}", f'{{"a":{{"b":"{KEY}"}},"a":5}}'.encode())
    assert _judged(raw, {"type": "object"}).decision.action is Action.BLOCK
    assert KEY.encode() not in _judged(raw).frame


@settings(max_examples=150, deadline=None)
@given(VALUES, st.sampled_from(["error", "log", "task", "text"]))
def test_whatever_is_redacted_still_parses_and_holds_no_secret(value: Any, where: str) -> None:
    frames = {
        "error": {"error": {"code": -1, "message": "x", "data": value}},
        "log": {"method": "notifications/message", "params": {"level": "info", "data": value}},
        "task": {"result": {"taskId": "t", "result": {"content": [], "structuredContent": value}}},
        "text": {"result": {"content": [{"type": "text", "text": json.dumps(value)}]}},
    }
    envelope = {"jsonrpc": "2.0"} if where == "log" else {"jsonrpc": "2.0", "id": 1}
    verdict = _judged(json.dumps({**envelope, **frames[where]}).encode())
    left = parse(verdict.frame)
    assert isinstance(left, Message)
    if verdict.decision.action is not Action.BLOCK:
        assert not any(secret.encode() in verdict.frame for secret in (KEY, SSN, CARD))
