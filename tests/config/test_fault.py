"""Faults name file, line, key and problem."""

import pytest

from mcpgw.config.fault import Fault, SourceFault, did_you_mean, quoted, raise_if_any, toml_type
from mcpgw.errors import ConfigFault, ExitCode


def test_it_names_file_line_key_and_problem():
    assert str(Fault("/s/config.toml", 3, "profile", "is wrong")) == "/s/config.toml:3: profile: is wrong"


def test_the_file_as_a_whole_has_no_line():
    assert str(Fault("/s/config.toml", 0, "", "cannot be read")) == "/s/config.toml: cannot be read"


def test_several_travel_as_one_error_in_order_of_place():
    with pytest.raises(SourceFault) as raised:
        raise_if_any([Fault("b", 2, "", "second"), Fault("b", 1, "", "first"), Fault("a", 9, "", "other file")])
    assert [fault.problem for fault in raised.value.faults] == ["other file", "first", "second"]
    assert raised.value.message == "a:9: other file (and 2 more)"
    assert "mcpgw config check" in raised.value.next_step
    assert isinstance(raised.value, ConfigFault) and raised.value.exit_code is ExitCode.CONFIG


def test_no_fault_raises_nothing():
    raise_if_any([])


@pytest.mark.parametrize(
    ("word", "hint"),
    [("blok", '; did you mean "block"?'), ("profil", '; did you mean "profile"?'), ("zzz", "")],
)
def test_the_nearest_word_is_offered(word, hint):
    assert did_you_mean(word, ["block", "profile", "log"]) == hint


def test_only_a_plain_word_is_quoted_back():
    assert quoted("blok") == '"blok"'
    assert quoted("AKIAQ3EGRT5LZW7YKX2M") == "a string"
    assert quoted("a" * 30) == "a string"


@pytest.mark.parametrize(
    ("value", "name"),
    [(True, "a boolean"), (1, "an integer"), (1.5, "a float"), ("x", "a string"), ({}, "a table"), ([], "an array")],
)
def test_types_have_their_toml_names(value, name):
    assert toml_type(value) == name
