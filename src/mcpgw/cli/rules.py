"""`mcpgw rules`: what is looked for, what is done about it, and which file says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from mcpgw.cli.config import check_payload, check_text
from mcpgw.cli.output import emit, json_option, table
from mcpgw.cli.places import layout
from mcpgw.config.check import CheckReport, check_sources
from mcpgw.config.effective import Layering, layering, target_of
from mcpgw.config.fault import did_you_mean
from mcpgw.config.sources import PolicySources, read_sources
from mcpgw.errors import ExitCode, NotFound, UsageFault
from mcpgw.policy.overlay import Chosen, MergedPolicy, Setting, Target
from mcpgw.policy.rule import Action
from mcpgw.registry import ledger
from mcpgw.registry.ledger import LedgerEntry
from mcpgw.visible import visible

OFF = "off"
HEADERS = ("RULE", "SEVERITY", "TO SERVER", "TO CLIENT", "METADATA")


@click.group("rules")
def command() -> None:
    """The rules in force, and where each value comes from."""


@command.command("list")
@json_option
def list_rules(as_json: bool) -> None:
    """Every rule: what it finds, how bad that is, and what is done about it for servers without an overlay."""
    sources = read_sources(layout())
    policy = layering(sources).policy(Target())
    emit(
        "mcpgw.rules/1",
        {"profile": policy.profile.value, "rules": rule_payloads(sources, policy)},
        as_json,
        lambda: list_text(sources, policy),
    )


@command.command("show")
@click.argument("server", required=False)
@click.option("--origin", is_flag=True, help="Show which layer set each value.")
@json_option
def show(server: str | None, origin: bool, as_json: bool) -> None:
    """All that holds for SERVER (a name, or an entry id), or for servers without an overlay."""
    places = layout()
    sources = read_sources(places)
    layers = layering(sources)
    target = find_target(server, ledger.entries(places), layers) if server is not None else Target()
    policy = layers.policy(target)
    emit(
        "mcpgw.rules-show/1",
        show_payload(target, policy, layers),
        as_json,
        lambda: show_text(target, policy, with_origin=origin),
    )


@command.command("check")
@json_option
def check(as_json: bool) -> int:
    """Check the overlays and packs like `config check`, and list the servers that each overlay holds for."""
    report = check_sources(layout())
    payload = {**check_payload(report), "overlays": {name: list(ids) for name, ids in report.overlays.items()}}
    emit("mcpgw.rules-check/1", payload, as_json, lambda: _check_text(report))
    return int(ExitCode.CONFIG if report.faults else ExitCode.DONE)


def find_target(server: str, entries: Sequence[LedgerEntry], layers: Layering) -> Target:
    """The server that a person named.

    Raises UsageFault where several entries have the name, NotFound where none has it and no overlay names it.
    """
    found = {entry.entry_id: entry for entry in entries if server in (entry.entry_id, entry.name)}
    if len(found) > 1:
        raise UsageFault(f"{server} is several servers", f"Name one of: {', '.join(sorted(found))}")
    if found:
        return target_of(found.popitem()[1])
    if layers.layers(Target(name=server)):
        return Target(name=server)
    names = {entry.name for entry in entries}
    raise NotFound(f"no installed server is named {server}{did_you_mean(server, names)}", "See `mcpgw list`.")


def rule_payloads(sources: PolicySources, policy: MergedPolicy) -> list[dict[str, Any]]:
    """Each rule with what its pack declares and what is in force."""
    return [
        {
            "id": rule["id"],
            "description": rule["description"],
            "category": rule["category"],
            "declared": rule["action"],
            "severity": policy.rules[rule["id"]].severity.value,
            "to_server": _value(policy.rules[rule["id"]].to_server),
            "to_client": _value(policy.rules[rule["id"]].to_client),
            "metadata": _value(policy.rules[rule["id"]].metadata),
        }
        for pack in sources.packs
        for rule in pack.rules
    ]


def show_payload(target: Target, policy: MergedPolicy, layers: Layering) -> dict[str, Any]:
    """A policy with the origin of each value."""
    rules = {
        rule: {
            "severity": _origin_payload(each.severity),
            "to_server": _origin_payload(each.to_server),
            "to_client": _origin_payload(each.to_client),
            "metadata": _origin_payload(each.metadata),
        }
        for rule, each in policy.rules.items()
    }
    return {
        "server": target.name,
        "entry": target.entry,
        "overlays": [layer.origin for layer in layers.layers(target)],
        "profile": _origin_payload(policy.profile),
        "settings": {key: _origin_payload(chosen) for key, chosen in policy.settings.items()},
        "rules": rules,
    }


def list_text(sources: PolicySources, policy: MergedPolicy) -> str:
    rows = [
        (
            rule["id"],
            rule["severity"],
            rule["to_server"] or OFF,
            rule["to_client"] or OFF,
            rule["metadata"] or OFF,
            rule["description"],
        )
        for rule in rule_payloads(sources, policy)
    ]
    return f"profile {policy.profile.value}\n\n{table(rows, (*HEADERS, 'WHAT IT FINDS'))}"


def show_text(target: Target, policy: MergedPolicy, *, with_origin: bool) -> str:
    """The policy for people: profile, settings, rules."""
    whose = target.entry or target.name or "servers without an overlay"
    settings = [(key, _cell(chosen, with_origin)) for key, chosen in policy.settings.items()]
    rules = [
        (
            rule,
            _cell(each.severity, with_origin),
            _cell(each.to_server, with_origin),
            _cell(each.to_client, with_origin),
            _cell(each.metadata, with_origin),
        )
        for rule, each in policy.rules.items()
    ]
    heading = f"policy of {visible(whose)}: profile {_cell(policy.profile, with_origin)}"
    return "\n\n".join([heading, table(rules, HEADERS), table(settings, ("SETTING", "VALUE"))])


def _cell(chosen: Chosen[Setting] | Chosen[Action], with_origin: bool) -> str:
    value = _value(chosen)
    shown = OFF if value is None else str(value)
    return f"{shown} ({chosen.origin})" if with_origin else shown


def _origin_payload(chosen: Chosen[Setting] | Chosen[Action]) -> dict[str, Any]:
    return {"value": _value(chosen), "origin": chosen.origin}


def _value(chosen: Chosen[Setting] | Chosen[Action]) -> Setting | None:
    """A value as it is shown: an action by its word, None for one that is off."""
    if isinstance(chosen.value, Action):
        return None if chosen.value is Action.ALLOW else chosen.value.label
    return chosen.value


def _check_text(report: CheckReport) -> str:
    lines = [
        f"{visible(name)}: {', '.join(map(visible, entries)) or 'no installed server'}"
        for name, entries in report.overlays.items()
    ]
    return "\n".join([*lines, check_text(report)])
