"""The same secret has one fingerprint, whatever the spelling, and the fingerprint says nothing about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.policy.fingerprint import REF_LENGTH, FingerprintKey, event_reference

KEY = FingerprintKey(b"k" * 32)


@pytest.mark.requirement("redact.same-ref")
def test_line_ends_and_escapes_do_not_matter() -> None:
    spellings = [b"-A-\nbc\nd", b"-A-\\nbc\\nd", b"-A-\\\\nbc\\\\nd", b"-A-  bc  d", b"-A-\r\nbc\r\nd"]
    assert len({KEY.of(spelling).ref for spelling in spellings}) == 1


def test_keys_and_secrets_tell_apart() -> None:
    assert KEY.of(b"a") != KEY.of(b"b")
    assert KEY.of(b"a") != FingerprintKey(b"j" * 32).of(b"a")


@given(st.binary(max_size=40))
def test_refs_are_eight_letters_that_nobody_misreads(secret: bytes) -> None:
    ref = KEY.of(secret).ref
    assert len(ref) == REF_LENGTH
    assert set(ref) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert len(KEY.of(secret).digest) == 16


def test_events_have_refs_of_their_own() -> None:
    assert event_reference("a", 1) != event_reference("a", 2) != event_reference("b", 2)
