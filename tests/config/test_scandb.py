"""The scan database and its key."""

import subprocess
import sys

import hyperscan
import pytest

from mcpgw.config.scandb import compile_database, engine_for, is_intact, native_scanner, rejected
from mcpgw.detect.engine import native_automaton
from mcpgw.detect.pattern import from_plain


def pattern(expression, **fields):
    return from_plain({"id": "x", "severity": "low", "pattern": expression, "max_length": 64, **fields})


def ends(serialized, text):
    """(id, end) that a stored database reports."""
    database = hyperscan.loadb(serialized, mode=hyperscan.HS_MODE_BLOCK)
    return native_automaton(database, hyperscan.Scratch(database), hyperscan.ScanTerminated)(text)


def test_ids_are_indexes_and_every_match_is_reported():
    serialized = compile_database([pattern("AKIA[A-Z]{2}"), pattern("ab")])
    assert ends(serialized, b"AKIAQX ab ab AKIAQX") == [(0, 6), (1, 9), (1, 12), (0, 19)]


def test_a_trigger_stands_for_the_pattern_and_case_is_a_flag():
    serialized = compile_database([pattern("secret: [a-z]{4}", trigger="secret:", caseless=True)])
    assert ends(serialized, b"SECRET: ") == [(0, 7)]


def test_a_dot_is_any_byte():
    assert ends(compile_database([pattern("a.b")]), b"a\nb") == [(0, 3)]


@pytest.mark.parametrize("change", [{"trigger": "ac"}, {"caseless": True}])
def test_the_key_follows_what_is_compiled(change):
    assert engine_for([pattern("ab")]).key != engine_for([pattern("ab", **change)]).key


def test_the_key_does_not_follow_what_is_not_compiled():
    assert engine_for([pattern("ab")]).key == engine_for([pattern("ab", max_length=9, severity="high")]).key


def test_the_key_names_engine_version_and_platform():
    engine = engine_for([pattern("ab")])
    assert engine.name == "hyperscan"
    assert engine.version == hyperscan.__version__
    assert "Version:" in engine.platform
    assert set(engine.plain) == {"name", "version", "platform", "key"}


def test_a_refused_pattern_is_named_by_its_place():
    patterns = [pattern("ab"), pattern("(?=a)b"), pattern("cd")]
    assert [index for index, _ in rejected(patterns)] == [1]
    assert compile_database(patterns) is None
    assert native_scanner(patterns[1]) is None


def test_a_damaged_database_is_noticed():
    serialized = compile_database([pattern("AKIA[A-Z0-9]{16}")])
    assert is_intact(serialized)
    assert not is_intact(serialized[:-1])
    assert not is_intact(b"")
    assert not is_intact(serialized[:200] + bytes([serialized[200] ^ 1]) + serialized[201:])


def test_without_the_package_the_portable_engine_is_named():
    script = """
import sys
sys.modules["hyperscan"] = None
from mcpgw.config.scandb import engine_for, native_scanner, rejected
from mcpgw.detect.engine import native_automaton
from mcpgw.detect.pattern import from_plain
one = from_plain({"id": "x", "severity": "low", "pattern": "ab", "max_length": 2})
assert engine_for([one]).plain == {"name": "re"}
assert native_scanner(one) is None
assert list(rejected([one])) == []
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=30).returncode == 0
