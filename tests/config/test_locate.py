"""Lines of keys in TOML text."""

import tomllib

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.config.locate import line_index, line_of

TEXT = '''\
# [not.a.table]
profile = "x" # [nor this]
text = """
[fake]
inner = 1
"""
array = [
  "a", # ]
  "b]",
]

[frames]
a.b = 2
"quoted key" = { x = 1 }
[[rule]]
id = "1"
[rule.examples]
match = ["x"]
[[rule]]
id = '2'
[rules."a.b"]
action = "x"
'''


def test_every_kind_of_statement_has_its_line():
    lines = line_index(TEXT)
    assert lines == {
        ("profile",): 2,
        ("text",): 3,
        ("array",): 7,
        ("frames",): 12,
        ("frames", "a", "b"): 13,
        ("frames", "quoted key"): 14,
        ("rule",): 15,
        ("rule", 0): 15,
        ("rule", 0, "id"): 16,
        ("rule", 0, "examples"): 17,
        ("rule", 0, "examples", "match"): 18,
        ("rule", 1): 19,
        ("rule", 1, "id"): 20,
        ("rules", "a.b"): 21,
        ("rules", "a.b", "action"): 22,
    }


def test_a_key_without_a_line_has_that_of_its_parent():
    lines = line_index(TEXT)
    assert line_of(lines, ("frames", "quoted key", "x")) == 14
    assert line_of(lines, ("rule", 1, "pattern")) == 19


def test_a_table_that_no_header_opens_has_the_line_of_its_first_key():
    assert line_of(line_index("\nrules.ssn.action = 'x'\n"), ("rules", "ssn")) == 2


def test_a_missing_top_level_key_has_no_line():
    assert line_of(line_index(TEXT), ("match",)) == 0


def test_windows_line_ends_count_once():
    assert line_index("a = 1\r\n\r\nb = 2\r\n") == {("a",): 1, ("b",): 3}


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=6)
VALUES = st.one_of(st.integers(-9, 9), st.booleans(), st.lists(st.text("ab#[]\n'\"", max_size=5), max_size=3))


@given(st.dictionaries(KEYS, st.one_of(VALUES, st.dictionaries(KEYS, VALUES, max_size=3)), max_size=4))
def test_every_key_of_a_written_document_is_found_or_is_beneath_one(content):
    text = tomlkit.dumps(content)
    lines = line_index(text)
    count = text.count("\n") + 1
    for key, value in tomllib.loads(text).items():
        inner = [(key, name) for name in value] if isinstance(value, dict) else []
        assert all(1 <= line_of(lines, path) <= count for path in [(key,), *inner])


@given(st.text(max_size=200))
def test_any_text_ends(text):
    line_index(text)
