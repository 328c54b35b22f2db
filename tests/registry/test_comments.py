import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.registry.comments import strict, without_comments, without_toml_comments


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"a": "// no", "b": 1} // yes', '{"a": "// no", "b": 1}       '),
        ('{"a": "\\"/*", /* x */ "b": 1}', '{"a": "\\"/*",         "b": 1}'),
        ("[1 /* , */ , // ]\r\n]", "[1               \r\n]"),
        ('{"a": [1,\n],}', '{"a": [1 \n] }'),
        ('[",]", 1]', '[",]", 1]'),
        ("[,]", "[,]"),
        ("{ /* c */ ,}", "{         ,}"),
        ("[1,,]", "[1, ]"),
        ("[1] /* open", "[1] /* open"),
        ("[1] /**/ /***/ x", "[1]            x"),
        ('["open // , ]', '["open // , ]'),
    ],
)
def test_what_is_not_json_becomes_spaces(text, left):
    assert strict(text) == left


def test_commas_alone_can_stay():
    assert without_comments("[1, // one\n]") == "[1,       \n]"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("['a#', # b\n]", "['a#',    \n]"),
        ('["""#"" # """, \'\'\'#\'\'\'] # c', '["""#"" # """, \'\'\'#\'\'\']    '),
        ('["\\"#"]# \r\n', '["\\"#"]  \r\n'),
    ],
)
def test_comments_of_toml(text, left):
    assert without_toml_comments(text) == left


@given(st.text(alphabet="\"\\/*,[]{}\n a#'", max_size=60))
def test_offsets_stay(text):
    for blanked in (strict(text), without_comments(text), without_toml_comments(text)):
        assert len(blanked) == len(text)
        assert all(after in (before, " ") for before, after in zip(text, blanked, strict=True))


@pytest.mark.parametrize("unit", ["/*", '"\\"', "[ ", ", ", "//", "'''", '"""'])
def test_hostile_repetition_is_no_work(unit):
    text = unit * 200_000
    assert len(strict(text)) == len(without_toml_comments(text)) == len(text)
