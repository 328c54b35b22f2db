"""Any chunking frames the same; an over-long frame is reported once and never kept."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.protocol.framing import OVERSIZE_HEAD_BYTES, Framer, Oversize


def _frames(chunks: list[bytes], max_bytes: int = 1 << 20) -> list[bytes | Oversize]:
    framer = Framer(max_bytes)
    frames = [frame for chunk in chunks for frame in framer.feed(chunk)]
    return frames + framer.close()


@pytest.mark.requirement("relay.framing")
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_any_chunking_frames_the_same(stream: bytes, cuts: list[int]) -> None:
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]
    frames = _frames(chunks)
    assert b"".join(frames) == stream  # type: ignore[arg-type]
    assert frames == _frames([stream])
    assert all(frame.count(b"\n") <= 1 and frame.rstrip(b"\n") == frame.replace(b"\n", b"") for frame in frames)  # type: ignore[union-attr]


def test_only_a_line_feed_ends_a_frame() -> None:
    text = "a\u2028b\u2029c\x0bd\x0c\x85e\r\n".encode()
    assert _frames([text]) == [text]


@pytest.mark.requirement("relay.frame-cap")
def test_an_over_long_frame_is_reported_when_it_crosses_the_cap_and_its_rest_is_dropped() -> None:
    framer = Framer(100)
    assert framer.feed(b"x" * 90) == []
    (oversize,) = framer.feed(b"y" * 20)
    assert oversize == Oversize(b"x" * 90 + b"y" * 20)
    assert framer.feed(b"z" * 1000) == []
    assert framer.feed(b"end\nnext\n") == [b"next\n"]


def test_a_whole_over_long_line_in_one_chunk_keeps_only_its_head() -> None:
    (oversize, after) = _frames([b"a" * (OVERSIZE_HEAD_BYTES * 2) + b"\nok\n"], max_bytes=1000)
    assert isinstance(oversize, Oversize)
    assert len(oversize.head) == OVERSIZE_HEAD_BYTES
    assert after == b"ok\n"


def test_the_unterminated_last_line_is_handed_on() -> None:
    assert _frames([b"a\nb"]) == [b"a\n", b"b"]
    assert Framer().close() == []
