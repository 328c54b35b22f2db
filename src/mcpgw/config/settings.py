"""What config.toml and the environment say to one command; the gateway itself reads the compiled policy only."""

import re
from collections.abc import Mapping

from pydantic import ValidationError

from mcpgw.config.effective import CONFIG_ORIGIN, layer_of
from mcpgw.config.fault import did_you_mean
from mcpgw.config.schema import ConfigFile
from mcpgw.errors import ConfigFault
from mcpgw.policy.overlay import DEFAULT_ORIGIN, Chosen, Setting, merge

VARIABLE = re.compile(r"MCPGW_(FRAMES|AUDIT|LOG)__([A-Z_]+)")

# audit.keep_days, audit.max_bytes: three months, or the disk of a small machine.  log.level: what status needs.
COMMAND_DEFAULTS: Mapping[str, Setting] = {
    "audit.keep_days": 90,
    "audit.max_bytes": 1024**3,
    "log.level": "info",
}


def kept_journals(config: ConfigFile) -> dict[str, int]:
    """The caps of the journals, `keep_days` and `max_bytes`, as the file or else the defaults say."""
    given = {**COMMAND_DEFAULTS, **_given(config, COMMAND_DEFAULTS)}
    return {"keep_days": int(given["audit.keep_days"]), "max_bytes": int(given["audit.max_bytes"])}


def effective_settings(config: ConfigFile, environ: Mapping[str, str]) -> dict[str, Chosen[Setting]]:
    """Every scalar of config.toml by dotted key: the default, the file's value, or the variable's that overrides it.

    Raises ConfigFault for a variable of a wrong name or value.
    """
    policy = merge((), [layer_of(CONFIG_ORIGIN, config)])
    settings: dict[str, Chosen[Setting]] = {"profile": Chosen(str(policy.profile.value), policy.profile.origin)}
    settings |= policy.settings
    settings |= {key: Chosen(value, DEFAULT_ORIGIN) for key, value in COMMAND_DEFAULTS.items()}
    own = _given(config, COMMAND_DEFAULTS)
    settings |= {key: Chosen(value, CONFIG_ORIGIN) for key, value in own.items()}
    for variable, text in sorted(environ.items()):
        if found := VARIABLE.fullmatch(variable):
            key = f"{found[1]}.{found[2]}".lower()
            settings[key] = Chosen(_override(variable, key, text, list(settings)), variable)
    return settings


def _override(variable: str, key: str, text: str, known: list[str]) -> Setting:
    if key not in known:
        raise ConfigFault(f"{variable}: there is no setting {key}{did_you_mean(key, known)}", f"Unset {variable}.")
    section, _, name = key.partition(".")
    value = int(text) if re.fullmatch(r"[0-9]{1,18}", text) else text
    try:
        config = ConfigFile.model_validate({section: {name: value}})
    except ValidationError as error:
        what = error.errors(include_input=False, include_url=False)[0]["msg"]
        raise ConfigFault(f"{variable}: {what}", f"Mend or unset {variable}.") from None
    return _given(config, [key])[key]


def _given(config: ConfigFile, keys: Mapping[str, Setting] | list[str]) -> dict[str, Setting]:
    """The values that the file itself gives, of `keys`."""
    values: dict[str, Setting | None] = {}
    for key in keys:
        section, _, name = key.partition(".")
        values[key] = getattr(getattr(config, section), name)
    return {key: value for key, value in values.items() if value is not None}
