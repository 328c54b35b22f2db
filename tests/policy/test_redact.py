"""A splice changes the matched bytes and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.policy.redact import mask, placeholder, placeholder_pattern, redactable, splice

SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 8)), max_size=5)


@given(st.binary(min_size=30, max_size=40), SPANS)
def test_what_no_edit_covers_stays_in_order(raw: bytes, spans: list[tuple[int, int]]) -> None:
    edits = [(start, start + size + 1, b"") for start, size in spans]
    covered = {at for start, end, _ in edits for at in range(start, end)}
    assert splice(raw, edits) == bytes(code for at, code in enumerate(raw) if at not in covered)


def test_of_two_that_overlap_the_first_wins_and_covers_both() -> None:
    assert splice(b"0123456789", [(2, 5, b"A"), (4, 8, b"B"), (9, 10, b"C")]) == b"01A8C"


def test_a_placeholder_is_recognised_and_plain_json() -> None:
    found = placeholder_pattern.search(b'"x [mcpgw:private-key:ABCD2345] y"')
    assert found is not None
    assert found.group() == placeholder("private-key", "ABCD2345")
    assert placeholder_pattern.search(b"[mcpgw:x:abcd2345]") is None


EDITABLE = [
    "/result/content/0/text",
    "/result/content/0/resource/text",
    "/result/content/0/description",
    "/result/contents/0/text",
    "/result/structuredContent",
    "/result/structuredContent/uri",
    "/result/structuredContent/a/0/id",
    "/result/result/structuredContent/a",
    "/result/result/content/0/text",
    "/result/error/message",
    "/result/messages/0/content/text",
    "/result/messages/1/content/0/text",
    "/result/completion/values/3",
    "/result/content/text",
    "/result/content/user",
    "/result/content/colours/1",
    "/result/tools/0/description",
    "/result/prompts/0/arguments/1/description",
    "/result/instructions",
    "/result/task/statusMessage",
    "/result/inputRequests/k/params/message",
    "/params/inputResponses/k/content/user",
    "/params/inputResponses/k/content/0/text",
    "/params/arguments/a/name",
    "/params/argument/value",
    "/params/context/arguments/owner",
    "/params/messages/0/content/text",
    "/params/messages/0/content/0/input/path",
    "/params/messages/0/content/0/content/1/text",
    "/params/systemPrompt",
    "/params/message",
    "/params/data",
    "/params/data/url",
    "/error/message",
    "/error/data",
    "/error/data/uri",
]
NEVER_ALTERED = [
    "/id",
    "/method",
    "/result/contents/0/uri",
    "/result/contents/0/blob",
    "/result/contents/0/mimeType",
    "/result/content/0/data",
    "/result/content/0/uri",
    "/result/content/0/name",
    "/result/content/0/annotations/lastModified",
    "/result/content/0/icons/0/src",
    "/result/content/data",
    "/result/content/type",
    "/result/requestState",
    "/result/resultType",
    "/result/nextCursor",
    "/result/_meta/traceparent",
    "/result/protocolVersion",
    "/result/serverInfo/name",
    "/result/capabilities/experimental/x",
    "/result/tools/0/name",
    "/result/tools/0/inputSchema/description",
    "/result/tools/0/outputSchema/properties/a/description",
    "/result/task/taskId",
    "/result/tasks/0/status",
    "/result/unknown",
    "/result/roots/0/uri",
    "/params/name",
    "/params/uri",
    "/params/cursor",
    "/params/taskId",
    "/params/url",
    "/params/elicitationId",
    "/params/progressToken",
    "/params/_meta/progressToken",
    "/params/requestState",
    "/params/requestedSchema/properties/a/description",
    "/params/messages/0/content/0/toolUseId",
    "/params/tools/0/inputSchema/title",
    "/params/unknown",
    "/error/data/elicitations/0/url",
    "/error/code",
    "/unknown",
]


@pytest.mark.requirement("redact.everywhere")
@pytest.mark.parametrize("pointer", EDITABLE)
def test_text_and_the_peers_data_may_be_edited(pointer: str) -> None:
    assert redactable(pointer, is_string=True, is_key=False)


@pytest.mark.requirement("redact.never-altered")
@pytest.mark.parametrize("pointer", NEVER_ALTERED)
def test_what_the_protocol_hangs_on_is_never_edited(pointer: str) -> None:
    assert not redactable(pointer, is_string=True, is_key=False)


def test_keys_are_never_edited_and_numbers_in_data_only() -> None:
    assert not redactable("/result/structuredContent/a", is_string=True, is_key=True)
    assert redactable("/result/structuredContent/a", is_string=False, is_key=False)
    assert not redactable("/params/progress", is_string=False, is_key=False)
    assert not redactable("/result/content/0/text", is_string=False, is_key=False)


@given(st.binary(max_size=60))
def test_a_preview_shows_a_fifth_at_most(secret: bytes) -> None:
    shown = mask(secret).removesuffix("***")
    assert len(shown) <= min(4, len(secret) // 5)
