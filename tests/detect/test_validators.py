"""Look-alikes are told from the real thing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.detect import validators


@pytest.mark.parametrize("card", [b"4539 5787 6362 1486", b"5425233430109903", b"374245455400126", b"36259600000004"])
def test_cards(card: bytes) -> None:
    assert validators.is_card(card)


@pytest.mark.parametrize(
    "number",
    [b"4111111111111111", b"4539578763621487", b"9999999999999995", b"4444444444444444", b"45395787636214", b""],
)
def test_no_cards(number: bytes) -> None:
    assert not validators.is_card(number)


@given(st.integers(0, 10**14))
def test_one_check_digit_in_ten_passes_luhn(number: int) -> None:
    assert sum(validators.luhn(b"%d%d" % (number, digit)) for digit in range(10)) == 1


@pytest.mark.parametrize("ssn", [b"536-22-8741", b"001-01-0001", b"899-99-9999"])
def test_ssns(ssn: bytes) -> None:
    assert validators.is_ssn(ssn)


@pytest.mark.parametrize(
    "ssn", [b"000-12-3456", b"666-12-3456", b"900-12-3456", b"123-00-4567", b"123-45-0000", b"1-2"]
)
def test_no_ssns(ssn: bytes) -> None:
    assert not validators.is_ssn(ssn)


def test_a_jwt_header_decodes() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=")
    assert validators.is_jwt(header + b".e30.x")
    assert not validators.is_jwt(base64.urlsafe_b64encode(b'{"typ":"JWT"}') + b".e30.x")
    assert not validators.is_jwt(b"eyA.e30.x")
    assert not validators.is_jwt(b"e.e30.x")


def test_a_private_key_has_a_body() -> None:
    body = base64.b64encode(bytes(range(60)))
    assert validators.is_private_key(b"-----BEGIN PRIVATE KEY-----\n" + body + b"\n-----END PRIVATE KEY-----")
    assert not validators.is_private_key(b"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----")
    assert not validators.is_private_key(b"nothing")


def test_aws_secrets_are_no_digests_and_no_paths() -> None:
    assert validators.is_aws_secret(b"k9Xv2LmQ7RtZ4wNpB8sJ5hYcF3gDa6TeU1iOxKrW")
    assert not validators.is_aws_secret(b"2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")
    assert not validators.is_aws_secret(b"usr/Lib/python3/dist/packages/Foo/bar/ba")


def test_entropy() -> None:
    assert validators.entropy(b"") == 0
    assert validators.entropy(b"aaaa") == 0
    assert validators.entropy(b"abcd") == 2


@given(st.binary(max_size=60))
def test_no_validator_raises(secret: bytes) -> None:
    assert all(check(secret) in (True, False) for check in validators.VALIDATORS.values())
