"""Layers merge in one order, the later wins, and every value keeps the name of the layer that set it; pure.

Order: defaults, profile, config.toml, overlays from the widest match to the narrowest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Generic, TypeVar

from mcpgw.policy.profiles import (
    DirectionActions,
    Profile,
    actions_of,
    least_enforcement,
    malformed_text,
    observed,
)
from mcpgw.policy.rule import NEVER, RESTART, Action, Upkeep

T = TypeVar("T", covariant=True)
Setting = str | int

DEFAULT_PROFILE = Profile.BALANCED
DEFAULT_ORIGIN = "default"
# audit.on_failure: what is not recorded is not sent.  audit.fsync: only a power cut takes what a disk has not got.
# frames: 64 MiB holds a large image; 200 levels any real schema.
DEFAULT_SETTINGS: Mapping[str, Setting] = {
    "frames.max_bytes": 64 * 1024 * 1024,
    "frames.max_depth": 200,
    "audit.record": "params",
    "audit.on_failure": "block",
    "audit.fsync": NEVER,
    "audit.max_value_chars": 256,
    "audit.max_params_bytes": 4096,
    "server.on_crash": RESTART,
    "server.stateless": False,
    "server.restart_delay_seconds": Upkeep().restart_delay_seconds,
    "server.deaths_a_minute": Upkeep().deaths_a_minute,
    "server.progress_extends": False,
}
# By method; a layer may add others. 0 takes one off.
DEFAULT_TIMEOUTS: Mapping[str, Setting] = {
    f"timeouts.{method}": seconds for method, seconds in Upkeep().timeouts.items()
}


@dataclass(frozen=True, slots=True)
class Chosen(Generic[T]):
    """A value in force and the layer that set it."""

    value: T
    origin: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What a layer says about one rule; None = nothing. A direction's own key wins over `action` beside it."""

    enabled: bool | None = None
    action: Action | None = None
    to_server: Action | None = None
    to_client: Action | None = None
    metadata: Action | None = None
    severity: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """What one file says. settings: `malformed_text`, `frames.*`, `audit.*`, `server.*`, `timeouts.*` by dotted key."""

    origin: str
    profile: Profile | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    rules: Mapping[str, RuleChange] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A server that a policy is for; what is not known is None."""

    name: str | None = None
    client: str | None = None
    scope: str | None = None
    project: str | None = None
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class Overlay:
    """A layer for the servers that match. Every field of `match` that is given must match; `name` may be a glob."""

    match: Target
    layer: Layer


@dataclass(frozen=True, slots=True)
class DeclaredRule:
    """A rule as its pack declares it."""

    id: str
    action: Action
    severity: str
    origin: str


@dataclass(frozen=True, slots=True)
class RulePolicy:
    """One rule in force; ALLOW means that it is off."""

    to_server: Chosen[Action]
    to_client: Chosen[Action]
    metadata: Chosen[Action]
    severity: Chosen[str]


@dataclass(frozen=True, slots=True)
class MergedPolicy:
    """All that holds for one server, each value with its origin."""

    profile: Chosen[Profile]
    settings: Mapping[str, Chosen[Setting]]
    rules: Mapping[str, RulePolicy]


def matches(match: Target, target: Target) -> bool:
    """Whether every field that `match` gives is that of `target`."""
    exact = (
        (match.client, target.client),
        (match.scope, target.scope),
        (match.project, target.project),
        (match.entry, target.entry),
    )
    if any(wanted is not None and wanted != actual for wanted, actual in exact):
        return False
    return match.name is None or (target.name is not None and _same_name(match.name, target.name))


def specificity(match: Target) -> int:
    """0 a name glob, 1 a name, 2 a client, scope or project, 3 an entry: the narrowest key that is given."""
    if match.entry is not None:
        return 3
    if match.client is not None or match.scope is not None or match.project is not None:
        return 2
    return 0 if match.name is not None and is_glob(match.name) else 1


def is_glob(name: str) -> bool:
    return any(character in name for character in "*?[")


def layers_for(target: Target, overlays: Iterable[Overlay]) -> tuple[Layer, ...]:
    """The layers of the overlays that match, widest first; equally narrow ones in order of their file names."""
    fitting = [overlay for overlay in overlays if matches(overlay.match, target)]
    fitting.sort(key=lambda overlay: (specificity(overlay.match), overlay.layer.origin))
    return tuple(overlay.layer for overlay in fitting)


def merge(rules: Iterable[DeclaredRule], layers: Sequence[Layer]) -> MergedPolicy:
    """The policy that `layers` (later wins) make of the declared rules. Changes to unknown rules are ignored."""
    profile = _last(Chosen(DEFAULT_PROFILE, DEFAULT_ORIGIN), layers, lambda layer: layer.profile)
    return MergedPolicy(profile, _settings(profile, layers), {rule.id: _rule(rule, profile, layers) for rule in rules})


def _same_name(pattern: str, name: str) -> bool:
    # A name that itself holds brackets still matches itself.
    return pattern == name or fnmatchcase(name, pattern)


def _last(first: Chosen[T], layers: Iterable[Layer], pick: Callable[[Layer], T | None]) -> Chosen[T]:
    """The last value that a layer gives, else `first`."""
    chosen = first
    for layer in layers:
        value = pick(layer)
        if value is not None:
            chosen = Chosen(value, layer.origin)
    return chosen


def _settings(profile: Chosen[Profile], layers: Sequence[Layer]) -> dict[str, Chosen[Setting]]:
    by_profile = f"profile {profile.value}"
    settings: dict[str, Chosen[Setting]] = {"malformed_text": Chosen(malformed_text(profile.value), by_profile)}
    defaults = {**DEFAULT_SETTINGS, **DEFAULT_TIMEOUTS}
    settings |= {key: Chosen(value, DEFAULT_ORIGIN) for key, value in defaults.items()}
    for layer in layers:
        settings |= {key: Chosen(value, layer.origin) for key, value in layer.settings.items()}
    settings |= {key: Chosen(value, by_profile) for key, value in least_enforcement(profile.value).items()}
    return settings


def _rule(declared: DeclaredRule, profile: Chosen[Profile], layers: Sequence[Layer]) -> RulePolicy:
    changes = [(layer.origin, layer.rules[declared.id]) for layer in layers if declared.id in layer.rules]
    enabled, severity = Chosen(True, declared.origin), Chosen(declared.severity, declared.origin)
    mapped = actions_of(profile.value, declared.action)
    # What the profile leaves as declared is the pack's own word.
    actions = {
        direction: Chosen(action, declared.origin if action is declared.action else f"profile {profile.value}")
        for direction, action in _by_direction(mapped).items()
    }
    for origin, change in changes:
        if change.enabled is not None:
            enabled = Chosen(change.enabled, origin)
        if change.severity is not None:
            severity = Chosen(change.severity, origin)
        actions |= {direction: Chosen(action, origin) for direction, action in _changed(change, profile.value).items()}
    in_force = {direction: _in_force(action, enabled, profile.value) for direction, action in actions.items()}
    return RulePolicy(in_force["to_server"], in_force["to_client"], in_force["metadata"], severity)


def _changed(change: RuleChange, profile: Profile) -> dict[str, Action]:
    """The actions that a change sets, by direction. `action` is for both; metadata takes it as the profile maps it."""
    wanted: dict[str, Action] = {}
    if change.action is not None:
        metadata = actions_of(profile, change.action).metadata
        wanted = {"to_server": change.action, "to_client": change.action, "metadata": metadata}
    own = {"to_server": change.to_server, "to_client": change.to_client, "metadata": change.metadata}
    return wanted | {direction: action for direction, action in own.items() if action is not None}


def _in_force(action: Chosen[Action], enabled: Chosen[bool], profile: Profile) -> Chosen[Action]:
    if not enabled.value:
        return Chosen(Action.ALLOW, enabled.origin)
    if profile is Profile.OBSERVE and observed(action.value) is not action.value:
        return Chosen(observed(action.value), f"profile {profile}")
    return action


def _by_direction(actions: DirectionActions) -> dict[str, Action]:
    return {"to_server": actions.to_server, "to_client": actions.to_client, "metadata": actions.metadata}
