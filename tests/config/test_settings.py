"""Settings of one command: defaults, file, environment."""

import pytest

from mcpgw.config.schema import ConfigFile
from mcpgw.config.settings import effective_settings
from mcpgw.errors import ConfigFault
from mcpgw.policy.overlay import Chosen


def config(**content):
    return ConfigFile.model_validate(content)


def test_defaults_are_complete():
    settings = effective_settings(config(), {})
    assert {key: chosen.value for key, chosen in settings.items()} == {
        "profile": "balanced",
        "malformed_text": "repair",
        "frames.max_bytes": 67108864,
        "frames.max_depth": 200,
        "audit.record": "params",
        "audit.on_failure": "block",
        "audit.fsync": "never",
        "audit.max_value_chars": 256,
        "audit.max_params_bytes": 4096,
        "server.on_crash": "restart",
        "server.stateless": False,
        "server.restart_delay_seconds": 1,
        "server.deaths_a_minute": 5,
        "server.progress_extends": False,
        "timeouts.initialize": 30,
        "audit.keep_days": 90,
        "audit.max_bytes": 1073741824,
        "log.level": "info",
    }


def test_the_file_wins_over_the_default():
    settings = effective_settings(config(profile="strict", audit={"keep_days": 7}), {})
    assert settings["profile"] == Chosen("strict", "config.toml")
    assert settings["audit.keep_days"] == Chosen(7, "config.toml")
    assert settings["malformed_text"] == Chosen("refuse", "profile strict")


@pytest.mark.requirement("config.environment")
def test_a_variable_wins_over_the_file():
    environ = {"MCPGW_AUDIT__KEEP_DAYS": "30", "MCPGW_LOG__LEVEL": "debug", "MCPGW_HOME": "/x", "MCPGW_X__Y": "1"}
    settings = effective_settings(config(audit={"keep_days": 7}), environ)
    assert settings["audit.keep_days"] == Chosen(30, "MCPGW_AUDIT__KEEP_DAYS")
    assert settings["log.level"] == Chosen("debug", "MCPGW_LOG__LEVEL")
    assert "x.y" not in settings


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("MCPGW_AUDIT__KEEP_DAY", "1", "MCPGW_AUDIT__KEEP_DAY: there is no setting audit.keep_day; did you mean"),
        ("MCPGW_AUDIT__KEEP_DAYS", "0", "MCPGW_AUDIT__KEEP_DAYS: "),
        ("MCPGW_AUDIT__KEEP_DAYS", "many", "MCPGW_AUDIT__KEEP_DAYS: "),
        ("MCPGW_LOG__LEVEL", "loud", "MCPGW_LOG__LEVEL: "),
    ],
)
def test_a_wrong_variable_is_a_fault(variable, value, message):
    with pytest.raises(ConfigFault, match=message):
        effective_settings(config(), {variable: value})
