"""What the files may hold."""

import pytest
from pydantic import ValidationError

from mcpgw.config.schema import ConfigFile, MatchSection, OverlayFile, PackRule, Section


def test_an_empty_config_is_valid_and_says_nothing():
    config = ConfigFile.model_validate({})
    assert config.profile is None
    assert config.rules == {}
    assert config.audit.record is None


def test_values_are_never_converted():
    for content in ({"frames": {"max_bytes": "65536"}}, {"rules": {"ssn": {"enabled": 1}}}, {"profile": 1}):
        with pytest.raises(ValidationError):
            ConfigFile.model_validate(content)


def test_an_overlay_has_no_log_and_keeps_no_journals():
    for extra in ({"log": {"level": "info"}}, {"audit": {"keep_days": 3}}, {"packs": []}):
        with pytest.raises(ValidationError):
            OverlayFile.model_validate({"match": {"name": "fs"}, **extra})


def test_a_match_that_matches_everything_is_refused():
    with pytest.raises(ValidationError):
        MatchSection.model_validate({})


def test_models_are_immutable():
    with pytest.raises(ValidationError):
        ConfigFile().profile = "strict"


def _sections(section):
    return [section, *(below for child in section.__subclasses__() for below in _sections(child))]


@pytest.mark.parametrize("section", _sections(Section), ids=lambda section: section.__name__)
def test_every_section_is_closed_and_strict(section):
    config = section.model_config
    assert (config["extra"], config["frozen"], config["strict"]) == ("forbid", True, True)


def test_a_rule_may_be_short():
    rule = PackRule.model_validate(
        {"id": "x", "description": "x", "severity": "low", "action": "log", "pattern": "x", "max_length": 1}
    )
    assert rule.trigger is None
    assert rule.examples.match == ()
