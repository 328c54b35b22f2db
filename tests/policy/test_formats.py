"""Every sample has its format, for this module and for `jsonschema`."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from mcpgw.policy.formats import FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_samples_have_their_format(name: str) -> None:
    assert FORMATS[name].fits(FORMATS[name].sample)
    checker = Draft202012Validator.FORMAT_CHECKER
    assert Draft202012Validator({"format": name}, format_checker=checker).is_valid(FORMATS[name].sample)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date", "2024-13-01"),
        ("date", "0000-00-00x"),
        ("uuid", "0"),
        ("ipv4", "1.2.3.400"),
        ("uri", "no uri"),
        ("time", "25:00:00Z"),
    ],
)
def test_what_has_another_form_is_refused(name: str, text: str) -> None:
    assert not FORMATS[name].fits(text)
