"""The page's format: what is packed is what is read, and no bytes can make the reader fail unexpectedly."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.state import status
from mcpgw.state.status import (
    BUCKETS,
    RECORD_BYTES,
    Region,
    UnknownRecord,
    bucket,
    bucket_ceiling,
    decode,
    encode_identity,
    percentile,
)


@given(st.integers(0, 2**40))
def test_a_latency_falls_into_a_bucket_that_is_at_most_a_quarter_wide(microseconds: int) -> None:
    index = bucket(microseconds)
    assert 0 <= index < BUCKETS
    if index < BUCKETS - 1:
        assert microseconds <= bucket_ceiling(index) <= microseconds * 1.25
        assert index == 0 or bucket_ceiling(index - 1) < microseconds


def test_a_negative_latency_is_none() -> None:
    assert bucket(-5) == 0


@given(st.lists(st.integers(0, 1_000_000), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_an_upper_bound(latencies: list[int], q: float) -> None:
    histogram = [0] * BUCKETS
    for each in latencies:
        histogram[bucket(each)] += 1
    found = percentile(histogram, q)
    assert found is not None
    assert sum(each <= found for each in latencies) >= q * len(latencies)


def test_an_empty_histogram_has_no_percentile() -> None:
    assert percentile([0] * BUCKETS, 0.5) is None


@given(st.binary(max_size=64), st.integers(5, 40))
def test_a_text_is_cut_to_its_region(content: bytes, size: int) -> None:
    page = bytearray(100)
    region = Region(8, size)
    region.pack(page, content)
    assert region.unpack(bytes(page)) == content[: size - 4]
    assert not any(page[8 + size :])


def test_a_long_identity_is_cut_until_it_fits() -> None:
    encoded = encode_identity({"cwd": "é" * 9000, "server": "\ud800", "server_pid": 7})
    assert len(encoded) <= status.IDENTITY.size - 4
    assert encode_identity({str(n): "x" * 99 for n in range(9000)}) == b"{}"


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"", "not a status record"),
        (status.MAGIC, "not a status record"),
        (b"\0" * RECORD_BYTES, "not a status record"),
        (status.MAGIC + struct.pack("=Q", 2) + b"\0" * (RECORD_BYTES - 16), "format 2; this mcpgw reads format 1"),
    ],
    ids=["empty", "short", "foreign", "newer"],
)
def test_what_cannot_be_read_says_why(page: bytes, reason: str) -> None:
    with pytest.raises(UnknownRecord, match=reason):
        decode(page)


@given(st.integers())
def test_any_torn_page_is_decoded(seed: int) -> None:
    noise = random.Random(seed).randbytes(RECORD_BYTES - 16)
    decode(status.MAGIC + struct.pack("=Q", status.VERSION) + noise)


def test_the_words_do_not_overlap_the_texts() -> None:
    assert status.IDENTITY.offset >= (status.HISTOGRAM + BUCKETS) * 8
    regions = (status.IDENTITY, status.ERROR, status.REASON)
    ends = [region.offset + region.size for region in regions]
    assert ends == [status.ERROR.offset, status.REASON.offset, RECORD_BYTES]
