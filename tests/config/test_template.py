"""The config.toml that init writes."""

import re
import tomllib

import pytest

from mcpgw.config.schema import ConfigFile
from mcpgw.config.settings import effective_settings
from mcpgw.config.template import TEMPLATE


def test_as_written_it_changes_nothing():
    assert ConfigFile.model_validate(tomllib.loads(TEMPLATE)) == ConfigFile()


@pytest.mark.requirement("config.template")
def test_its_comments_show_every_key_with_its_default():
    content = tomllib.loads(re.sub(r"^#(?=\S)", "", TEMPLATE, flags=re.MULTILINE))
    rules = content.pop("rules")
    config = ConfigFile.model_validate(content)
    defaults = {key: chosen.value for key, chosen in effective_settings(ConfigFile(), {}).items()}
    assert {key: chosen.value for key, chosen in effective_settings(config, {}).items()} == defaults
    shown = {f"{key}.{name}" for key, section in content.items() if isinstance(section, dict) for name in section}
    shown |= {key for key, value in content.items() if not isinstance(value, dict)}
    assert shown == {*defaults, "packs"}
    assert list(rules) == ["email-address"]
