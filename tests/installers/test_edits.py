import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.installers.edits import Edit, apply_edits, reversal

EDITS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.binary(max_size=4)), max_size=5)


@given(st.binary(min_size=20, max_size=20), EDITS)
def test_the_reversal_gives_back_the_bytes(content, drawn):
    edits, end = [], 0
    for start, length, text in sorted(drawn):
        if start >= end and start + length <= len(content):
            edits.append(Edit(start, start + length, text))
            end = start + length + 1
    new = apply_edits(content, edits)
    assert apply_edits(new, reversal(content, edits)) == content


def test_overlapping_edits_are_a_mistake():
    with pytest.raises(ValueError, match="overlap"):
        apply_edits(b"abcdef", [Edit(0, 3, b""), Edit(2, 4, b"")])


def test_insertions_at_one_place_keep_their_order():
    edits = [Edit(1, 1, b"x"), Edit(1, 1, b"y"), Edit(0, 1, b"")]
    assert apply_edits(b"ab", edits) == b"xyb"
    assert apply_edits(b"xyb", reversal(b"ab", edits)) == b"ab"
