"""Text in base64 is looked at, pictures and sound are not, and no other string is taken for a blob."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mcpgw.detect.blobs import MAX_SEARCHED, Blob, blobs_in, spans_of
from support.detectors import detector

KEY = "AKIAQ3EGRT5LZW7YKX2M"
ENCODED = base64.b64encode(f"key = {KEY}\n".encode()).decode()


def _frame(result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": result}).encode()


def _inspect(result: Any) -> list[tuple[str, str, bytes, tuple[int, int] | None]]:
    raw = _frame(result)
    found = detector("native").inspect(raw, blobs_in(json.loads(raw)))
    return [(one.rule, one.pointer, raw[one.start : one.end], one.inner) for one in found]


@pytest.mark.requirement("detect.blobs")
@pytest.mark.parametrize(
    ("result", "pointer"),
    [
        ({"contents": [{"uri": "u", "mimeType": "text/plain", "blob": ENCODED}]}, "/result/contents/0/blob"),
        ({"contents": [{"uri": "u", "blob": ENCODED}]}, "/result/contents/0/blob"),
        ({"content": [{"type": "resource", "resource": {"blob": ENCODED}}]}, "/result/content/0/resource/blob"),
        ({"content": [{"type": "image", "mimeType": "image/svg+xml", "data": ENCODED}]}, "/result/content/0/data"),
        ({"content": [{"type": "file", "mimeType": "application/json", "data": ENCODED}]}, "/result/content/0/data"),
        ({"messages": [{"content": {"type": "audio", "data": ENCODED}}]}, "/result/messages/0/content/data"),
    ],
)
def test_a_secret_in_a_text_blob_is_found(result: Any, pointer: str) -> None:
    assert _inspect(result) == [("aws-access-key", pointer, ENCODED.encode(), (6, 26))]


@pytest.mark.requirement("detect.media")
@pytest.mark.parametrize("mime", ["image/png", "audio/wav", "video/mp4", "application/zip", "application/pdf"])
def test_pictures_sound_and_archives_are_not_looked_at(mime: str) -> None:
    assert _inspect({"content": [{"type": "image", "mimeType": mime, "data": ENCODED}]}) == []
    assert _inspect({"content": [{"type": "image", "mimeType": mime, "data": KEY}]}) == []


def test_what_is_no_base64_is_looked_at_as_it_is() -> None:
    text = f"no base64: {KEY}"
    assert _inspect({"contents": [{"uri": "u", "blob": text}]}) == [
        ("aws-access-key", "/result/contents/0/blob", KEY.encode(), None)
    ]


def test_another_string_of_the_same_letters_is_still_looked_at() -> None:
    image = {"type": "image", "mimeType": "image/png", "data": KEY}
    found = _inspect({"structuredContent": {"data": KEY}, "content": [image, {"type": "text", "text": KEY}]})
    assert [pointer for _, pointer, _, _ in found] == ["/result/structuredContent/data", "/result/content/1/text"]


def test_a_blob_in_another_spelling_hides_no_string_of_the_same_letters() -> None:
    image = {"type": "image", "mimeType": "image/png", "data": KEY}
    raw = _frame({"content": [image], "structuredContent": {"data": KEY}})
    raw = raw.replace(KEY.encode(), b"AKIA\\u0051" + KEY[5:].encode(), 1)
    found = detector("native").inspect(raw, blobs_in(json.loads(raw)))
    assert [one.pointer for one in found] == ["/result/structuredContent/data"]


@pytest.mark.parametrize("count", [1, 2, MAX_SEARCHED + 1])
def test_equal_blobs_are_all_found(count: int) -> None:
    found = _inspect({"contents": [{"uri": "u", "blob": ENCODED}] * count})
    assert [pointer for _, pointer, _, _ in found] == [f"/result/contents/{index}/blob" for index in range(count)]


def test_an_escaped_key_hides_no_blob() -> None:
    raw = _frame({"contents": [{"uri": "u", "blob": ENCODED}]}).replace(b'"blob"', b'"bl\\u006fb"')
    assert [one.inner for one in detector("native").inspect(raw, blobs_in(json.loads(raw)))] == [(6, 26)]


def test_an_escaped_blob_is_decoded() -> None:
    encoded = base64.b64encode(b"\xff" * 6 + f" {KEY} ".encode()).decode()
    raw = _frame({"contents": [{"uri": "u", "blob": encoded}]}).replace(b"/", b"\\/")
    assert b"\\/" in raw
    assert [one.inner for one in detector("native").inspect(raw, blobs_in(json.loads(raw)))] == [(7, 27)]


@pytest.mark.parametrize("count", [1, MAX_SEARCHED, MAX_SEARCHED + 1])
def test_every_blob_is_where_its_span_says(count: int) -> None:
    texts = [base64.b64encode(f"number {number}".encode()).decode() for number in range(count)]
    raw = _frame({"contents": [{"uri": "u", "blob": text} for text in texts]})
    blobs = blobs_in(json.loads(raw))
    assert [raw[start:end].decode() for start, end in spans_of(raw, blobs)] == [blob.text for blob in blobs]


@pytest.mark.parametrize("text", ["aGk=", "aGk", "aG\nk=", "_-8=", "_-8"])
def test_both_alphabets_with_and_without_padding(text: str) -> None:
    assert Blob("", text, "").decoded() in (b"hi", b"\xff\xef")


def test_data_of_the_peers_is_no_blob() -> None:
    for result in (
        {"structuredContent": {"blob": ENCODED}},
        {"_meta": {"blob": ENCODED}},
        {"content": [{"data": KEY}]},
    ):
        assert blobs_in({"result": result}) == []
    assert blobs_in({"method": "notifications/message", "params": {"level": "info", "data": KEY}}) == []
    assert Blob("/x", "aGVsbG8h", "image/png").label == "(image/png, 6 bytes)"
