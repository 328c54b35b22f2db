"""From files to policies: which layers hold for which server, and the few policies that all servers share. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcpgw.config.packs import DEFAULT_PACK, Pack
from mcpgw.config.schema import ConfigFile, MatchSection, OverlayFile, RuleSection
from mcpgw.config.sources import PolicySources
from mcpgw.policy.overlay import (
    DEFAULT_SETTINGS,
    DeclaredRule,
    Layer,
    MergedPolicy,
    Overlay,
    RuleChange,
    Setting,
    Target,
    layers_for,
    matches,
    merge,
)
from mcpgw.policy.profiles import Profile
from mcpgw.policy.rule import Action
from mcpgw.registry.ledger import LedgerEntry

CONFIG_ORIGIN = "config.toml"
DEFAULT_POLICY = "default"
ACTIONS = {action.label: action for action in Action}


@dataclass(frozen=True, slots=True)
class PolicyTable:
    """policies[0] is the default one. entries: entry id -> index. names: server name -> index."""

    policies: tuple[tuple[str, MergedPolicy], ...]
    entries: dict[str, int]
    names: dict[str, int]


@dataclass(frozen=True, slots=True)
class Layering:
    """The rules and all layers, ready to merge for any server."""

    rules: tuple[DeclaredRule, ...]
    config: Layer
    overlays: tuple[Overlay, ...]

    def layers(self, target: Target) -> tuple[Layer, ...]:
        return layers_for(target, self.overlays)

    def policy(self, target: Target) -> MergedPolicy:
        return merge(self.rules, (self.config, *self.layers(target)))


def layering(sources: PolicySources) -> Layering:
    """The layers that the files make."""
    rules = tuple(_declared(rule, pack) for pack in sources.packs for rule in pack.rules)
    overlays = (Overlay(_match(file.match), layer_of(name, file)) for name, file in sources.overlays)
    return Layering(rules, layer_of(CONFIG_ORIGIN, sources.config), tuple(overlays))


def target_of(entry: LedgerEntry) -> Target:
    return Target(entry.name, entry.client, entry.scope, entry.project, entry.entry_id)


def policy_table(layers: Layering, entries: Iterable[LedgerEntry]) -> PolicyTable:
    """One policy for each set of overlays that some server has.

    names: of the ledger's servers, and those of overlays that give a name and nothing else, for servers run ad hoc.
    A glob stands for the names that it matches, with all wider globs: a wider one matches its text, too.
    """
    known = sorted(entries, key=lambda entry: entry.entry_id)
    indexes: dict[tuple[str, ...], int] = {(): 0}
    policies = [(DEFAULT_POLICY, layers.policy(Target()))]

    def index_of(target: Target) -> int:
        key = tuple(layer.origin for layer in layers.layers(target))
        if key not in indexes:
            indexes[key] = len(policies)
            policies.append(("+".join(key), layers.policy(target)))
        return indexes[key]

    by_entry = {entry.entry_id: index_of(target_of(entry)) for entry in known}
    names = sorted({entry.name for entry in known} | set(_named(layers.overlays)))
    by_name = {name: index_of(Target(name=name)) for name in names}
    return PolicyTable(tuple(policies), by_entry, by_name)


def unused_overlays(layers: Layering, entries: Iterable[LedgerEntry]) -> tuple[str, ...]:
    """The overlays that match no installed server."""
    targets = [target_of(entry) for entry in entries]
    return tuple(
        overlay.layer.origin
        for overlay in layers.overlays
        if not any(matches(overlay.match, target) for target in targets)
    )


def _named(overlays: Iterable[Overlay]) -> Iterable[str]:
    for overlay in overlays:
        name = overlay.match.name
        if name is not None and overlay.match == Target(name=name):
            yield name


def _declared(rule: dict[str, Any], pack: Pack) -> DeclaredRule:
    path = pack.document.path
    origin = "default pack" if path == DEFAULT_PACK else f"pack {path}"
    return DeclaredRule(rule["id"], ACTIONS[rule["action"]], rule["severity"], origin)


def _match(section: MatchSection) -> Target:
    return Target(section.name, section.client, section.scope, section.project, section.entry)


def layer_of(origin: str, file: ConfigFile | OverlayFile) -> Layer:
    """What a file says, as a layer."""
    profile = Profile(file.profile) if file.profile is not None else None
    return Layer(origin, profile, _settings(file), {rule: _change(section) for rule, section in file.rules.items()})


def _settings(file: ConfigFile | OverlayFile) -> dict[str, Setting]:
    """The settings that the file gives, by dotted key."""
    given: dict[str, Setting] = {}
    if file.malformed_text is not None:
        given["malformed_text"] = file.malformed_text
    for key in DEFAULT_SETTINGS:
        section, name = key.split(".")
        value = getattr(getattr(file, section), name)
        if value is not None:
            given[key] = value
    return {**given, **{f"timeouts.{method}": seconds for method, seconds in file.timeouts.items()}}


def _change(section: RuleSection) -> RuleChange:
    actions = (section.action, section.to_server, section.to_client, section.metadata)
    action, to_server, to_client, metadata = (ACTIONS[each] if each is not None else None for each in actions)
    return RuleChange(section.enabled, action, to_server, to_client, metadata, section.severity)
