"""A changed byte anywhere in a line, or a line out of place, does not add up."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.audit.chain import GENESIS, ChainBroken, check, seal

BODY = b'{"v":1,"seq":1,"x":"y"'


def test_the_hash_is_over_the_previous_hash_and_the_body() -> None:
    line, digest = seal(BODY, GENESIS)
    assert digest == hashlib.sha256(GENESIS.encode() + b"\n" + BODY).hexdigest()
    assert check(line, GENESIS) == digest


@given(st.data())
def test_every_flipped_byte_is_found(data: st.DataObject) -> None:
    line, _ = seal(BODY, GENESIS)
    at = data.draw(st.integers(0, len(line) - 2))
    flipped = bytes([line[at] ^ data.draw(st.integers(1, 255))])
    with pytest.raises(ChainBroken):
        check(line[:at] + flipped + line[at + 1 :], GENESIS)


def test_a_line_belongs_behind_the_one_before_it() -> None:
    first, digest = seal(BODY, GENESIS)
    second, _ = seal(BODY, digest)
    assert check(second, digest)
    for line, prev in ((second, GENESIS), (first, digest), (b"", GENESIS), (first[:-40], GENESIS)):
        with pytest.raises(ChainBroken):
            check(line, prev)
