"""Rule packs and the examples that hold them to their word."""

import pytest

from mcpgw.config.fault import SourceFault
from mcpgw.config.packs import DEFAULT_PACK, load_pack, native_example_faults, read_pack, repeated_ids
from mcpgw.detect.pattern import from_plain
from support.policies import pack_text

DEFAULT_ACTIONS = {
    "openai-api-key": ("alert", "critical"),
    "aws-access-key": ("block", "critical"),
    "aws-secret-key": ("block", "critical"),
    "private-key": ("block", "critical"),
    "github-token": ("alert", "high"),
    "jwt-token": ("alert", "medium"),
    "context7-api-key": ("alert", "high"),
    "generic-api-key": ("log", "medium"),
    "email-address": ("log", "low"),
    "credit-card": ("block", "critical"),
    "ssn": ("block", "critical"),
}


@pytest.fixture
def faults_of(tmp_path):
    """Loads a pack and returns the texts of its faults without the path."""

    def load(content):
        path = tmp_path / "pack.toml"
        path.write_text(content)
        try:
            load_pack(str(path))
        except SourceFault as error:
            return [str(fault).removeprefix(str(path)) for fault in error.faults]
        return []

    return load


@pytest.mark.requirement("rules.default-pack")
def test_the_default_pack_declares_the_eleven_rules():
    rules = load_pack(DEFAULT_PACK)
    assert {rule["id"]: (rule["action"], rule["severity"]) for rule in rules} == DEFAULT_ACTIONS


@pytest.mark.requirement("rules.examples")
def test_the_default_pack_keeps_its_examples_on_both_engines():
    pack = read_pack(DEFAULT_PACK)
    assert list(native_example_faults(pack)) == []
    assert all(examples.match and examples.no_match for examples in pack.examples)


def test_rules_are_as_the_data_plane_reads_them(tmp_path):
    path = tmp_path / "pack.toml"
    path.write_text(pack_text())
    (rule,) = load_pack(str(path))
    assert "examples" not in rule
    assert from_plain(rule).keywords == (b"ticket-",)


def test_a_valid_pack_has_no_fault(faults_of):
    assert faults_of(pack_text(more='examples = { match = ["see TICKET-1234"], no_match = ["TICKET-12"] }')) == []


@pytest.mark.requirement("rules.examples")
def test_an_example_that_is_not_kept_is_named_but_not_quoted(faults_of):
    text = pack_text(more='[rule.examples]\nmatch = ["TICKET-1234", "TICKET-12"]\nno_match = ["TICKET-5678"]\n')
    assert faults_of(text) == [
        ":10: rule[ticket].examples: example 2 of match is not found",
        ":10: rule[ticket].examples: example 1 of no_match is found",
    ]


def test_keywords_that_hide_a_match_are_found_out(faults_of):
    text = pack_text(pattern="CASE-[0-9]{4}", more='examples = { match = ["CASE-1234"] }')
    assert faults_of(text) == [":10: rule[ticket].examples: example 1 of match is not found"]


@pytest.mark.requirement("rules.dialect")
def test_a_pattern_outside_the_dialect_names_file_rule_and_line(faults_of):
    assert faults_of(pack_text(pattern="TICKET-.*")) == [
        ":7: rule[ticket].pattern: a repeat has no bound of at most 16,384"
    ]


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("validator = 'crad'", "10: rule[ticket].validator: is none of"),
        ("validator = 'crad'", 'did you mean "card"?'),
        ("boundary = 'line'", ':10: rule[ticket].boundary: "line" is none of word, digits, base64'),
        ("trigger = '(?=T)ICKET'", ":10: rule[ticket].trigger: look-around"),
        ("allow = ['a{2,}']", ":10: rule[ticket].allow: a repeat has no bound"),
        ("entropy = 9", ":10: rule[ticket].entropy: must be at most 8"),
    ],
)
def test_other_faults_of_a_rule(faults_of, more, fault):
    (found,) = faults_of(pack_text(more=more))
    assert fault in found


def test_an_allowed_match_may_be_anchored(faults_of):
    assert faults_of(pack_text(more="allow = ['^TICKET-0000$']\nexamples = { no_match = ['TICKET-0000'] }")) == []


def test_a_match_longer_than_its_window_is_refused(faults_of):
    assert faults_of(pack_text(pattern="TICKET-[0-9]{30}")) == [
        ":9: rule[ticket].max_length: is shorter than the shortest match of the pattern"
    ]


def test_what_only_the_engine_refuses_names_the_rule(faults_of):
    text = pack_text(pattern="TICKET(?:ab{1,100}c){1,16384}")
    (fault,) = faults_of(text)
    assert ":7: rule[ticket].pattern: the scan engine refuses it: " in fault


def test_a_name_that_is_there_twice(faults_of):
    assert faults_of(pack_text() + pack_text()) == [":12: rule[ticket].id: the pack has two rules of this name"]


def test_an_empty_pack(faults_of):
    assert faults_of("rule = []\n") == [":1: rule: the pack has no rule"]


def test_two_packs_may_not_share_a_name(tmp_path):
    (tmp_path / "a.toml").write_text(pack_text())
    (tmp_path / "b.toml").write_text(pack_text("other") + pack_text())
    packs = [read_pack(str(tmp_path / name)) for name in ("a.toml", "b.toml")]
    (fault,) = repeated_ids(packs)
    assert str(fault) == f"{tmp_path}/b.toml:12: rule[ticket].id: {tmp_path}/a.toml has a rule of this name"
