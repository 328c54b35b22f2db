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


@pytest.mark.requirement("redact.never-altered")
@pytest.mark.parametrize(
    ("pointer", "allowed"),
    [
        ("/result/content/0/text", True),
        ("/result/structuredContent/uri", True),
        ("/result/contents/0/text", True),
        ("/error/message", True),
        ("/error/data", True),
        ("/params/data", True),
        ("/result/contents/0/uri", False),
        ("/result/contents/0/blob", False),
        ("/result/content/0/data", False),
        ("/result/requestState", False),
        ("/result/nextCursor", False),
        ("/id", False),
        ("/params/progressToken", False),
    ],
)
def test_what_the_protocol_hangs_on_is_never_edited(pointer: str, allowed: bool) -> None:
    assert redactable(pointer, is_string=True, is_key=False) is allowed


def test_keys_and_numbers_are_not_edited() -> None:
    assert not redactable("/result/structuredContent/a", is_string=True, is_key=True)
    assert not redactable("/result/structuredContent/a", is_string=False, is_key=False)


@given(st.binary(max_size=60))
def test_a_preview_shows_a_fifth_at_most(secret: bytes) -> None:
    shown = mask(secret).removesuffix("***")
    assert len(shown) <= min(4, len(secret) // 5)
