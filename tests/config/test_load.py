"""One TOML file, and everything that can be wrong with it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgw.config.fault import SourceFault
from mcpgw.config.load import read_document, validate
from mcpgw.config.schema import ConfigFile, OverlayFile, PackFile


@pytest.fixture
def faults_of(tmp_path):
    """Writes a file, reads it as a model, and returns the texts of its faults without the path."""

    def read(content, model=ConfigFile):
        path = tmp_path / "file.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            validate(read_document(str(path)), model)
        except SourceFault as error:
            return [str(fault).removeprefix(str(path)) for fault in error.faults]
        return []

    return read


def test_a_valid_file_has_none(faults_of):
    assert faults_of('profile = "strict"\n[rules.ssn]\naction = "block"\n') == []


def test_a_byte_order_mark_is_no_fault(faults_of):
    assert faults_of(b'\xef\xbb\xbfprofile = "strict"\n') == []


@pytest.mark.requirement("config.faults")
def test_every_fault_of_a_file_is_named_by_line_and_key(faults_of):
    text = """\
profil = "strict"
malformed_text = 3
[frames]
max_bytes = "1"
max_depth = 5
max_dept = 1
[rules.ssn]
actoin = "block"
action = "blok"
enabled = 1
[audit]
record = ["full"]
"""
    assert faults_of(text) == [
        ':1: profil: unknown key; did you mean "profile"?',
        ":2: malformed_text: an integer is none of refuse, repair",
        ":4: frames.max_bytes: must be an integer, not a string",
        ":5: frames.max_depth: must be at least 16",
        ':6: frames.max_dept: unknown key; did you mean "max_depth"?',
        ':8: rules.ssn.actoin: unknown key; did you mean "action"?',
        ':9: rules.ssn.action: "blok" is none of log, alert, redact, block; did you mean "block"?',
        ":10: rules.ssn.enabled: must be a boolean, not an integer",
        ":12: audit.record: an array is none of metadata, params, full",
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("a = \n", ":1: not valid TOML: invalid value, column 5"),
        ("a = 1\n\nb = [\n", ":4: not valid TOML: invalid value at the end of the file"),
        ("a = 1\na = 2\n", ":2: not valid TOML: cannot overwrite a value, column 6"),
        (b"a = 1\nb = '\xff'\n", ":2: not UTF-8 text"),
        ("a = " + "[" * 5000, ": not valid TOML: nested too deeply"),
        ("a = " + "1" * 5000, ": not valid TOML: a value out of range"),
    ],
)
def test_broken_text_is_named_by_line_and_column(faults_of, content, fault):
    assert faults_of(content) == [fault]


def test_a_value_that_may_be_a_secret_is_not_quoted(faults_of):
    assert faults_of('profile = "AKIAQ3EGRT5LZW7YKX2M"\n') == [
        ":1: profile: a string is none of observe, balanced, strict"
    ]


def test_a_key_that_could_drive_a_terminal_is_not_shown(faults_of):
    assert faults_of('"\\u001b[2J" = 1\n') == [":1: (a key that is not shown): unknown key"]


def test_sections_of_a_wrong_type(faults_of):
    text = 'rules = 3\npacks = "a"\naudit = "x"\n'
    assert faults_of(text) == [
        ":1: rules: must be a table, not an integer",
        ":2: packs: must be an array, not a string",
        ":3: audit: must be a table, not a string",
    ]


def test_an_overlay_must_name_its_target(faults_of):
    assert faults_of('profile = "strict"\n', OverlayFile) == [": match: is required and missing"]
    assert faults_of("[match]\n", OverlayFile) == [
        ":1: match: needs at least one of name, client, scope, project, entry"
    ]


def test_a_pack_names_the_rule(faults_of):
    text = '[[rule]]\nid = "a-rule"\nseverity = "grave"\naction = "block"\npattern = ""\nmax_length = 1.5\n'
    assert faults_of(text, PackFile) == [
        ":1: rule[a-rule].description: is required and missing",
        ':3: rule[a-rule].severity: "grave" is none of low, medium, high, critical',
        ":5: rule[a-rule].pattern: must not be empty",
        ":6: rule[a-rule].max_length: must be an integer, not a float",
    ]


def test_a_rule_without_a_name_is_counted(faults_of):
    assert ":2: rule[1].id: must be lower-case words joined by dashes" in faults_of('[[rule]]\nid = "A b"\n', PackFile)


@pytest.mark.requirement("config.faults")
def test_a_directory_in_place_of_a_file(tmp_path):
    with pytest.raises(SourceFault, match="cannot be read: Is a directory"):
        read_document(str(tmp_path))


def test_a_file_below_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SourceFault, match="cannot be read: Not a directory"):
        read_document(str(tmp_path / "file/config.toml"))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_file_or_a_fault(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("load") / "any.toml"
    path.write_bytes(content)
    with contextlib.suppress(SourceFault):
        validate(read_document(str(path)), ConfigFile)
