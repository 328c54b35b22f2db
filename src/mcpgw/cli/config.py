"""`mcpgw config`: write, check and show the configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import click
import tomlkit
from pydantic import BaseModel
from tomlkit.items import Table

from mcpgw.cli.output import dry_run_option, emit, json_option, yes_option
from mcpgw.cli.places import layout
from mcpgw.config.check import CheckReport, check_sources
from mcpgw.config.schema import ConfigFile, OverlayFile, PackFile
from mcpgw.config.settings import effective_settings
from mcpgw.config.sources import load_config
from mcpgw.config.template import TEMPLATE
from mcpgw.errors import ExitCode
from mcpgw.files import make_private_dir, write_atomic
from mcpgw.paths import StateLayout
from mcpgw.policy.overlay import Chosen, Setting
from mcpgw.visible import visible

MODELS: dict[str, type[BaseModel]] = {"config": ConfigFile, "overlay": OverlayFile, "pack": PackFile}


@click.group("config")
def command() -> None:
    """Write, check and show the configuration."""


@command.command("init")
@dry_run_option
@yes_option
@json_option
def init(dry_run: bool, yes: bool, as_json: bool) -> None:
    """Write a commented config.toml where there is none; one that exists is left as it is.

    There is nothing to confirm: --yes is taken so that scripts may give it to every change.
    """
    path = layout().config_file
    written = not os.path.lexists(path) and not dry_run
    if written:
        write_template(layout())
    emit(
        "mcpgw.config-init/1",
        {"path": path, "written": written, "existed": os.path.lexists(path) and not written},
        as_json,
        lambda: _init_text(path, written=written, dry_run=dry_run),
    )


@command.command("check")
@json_option
def check(as_json: bool) -> int:
    """Say everything that is wrong with config.toml, rules/ and the packs; exit code 3 if anything is."""
    report = check_sources(layout())
    emit("mcpgw.config-check/1", check_payload(report), as_json, lambda: check_text(report))
    return int(ExitCode.CONFIG if report.faults else ExitCode.DONE)


@command.command("show")
@json_option
def show(as_json: bool) -> None:
    """Print every setting in force and where it comes from; MCPGW_<SECTION>__<KEY> overrides it for one command."""
    config = load_config(layout())
    settings = effective_settings(config, os.environ)
    emit(
        "mcpgw.config/1",
        config_payload(config, settings),
        as_json,
        lambda: visible_lines(config_toml(config, settings)),
    )


@command.command("path")
@json_option
def path(as_json: bool) -> None:
    """Print where config.toml is."""
    places = layout()
    payload = {"config": places.config_file, "rules": places.rules_dir, "state": places.root}
    emit("mcpgw.config-path/1", payload, as_json, lambda: places.config_file)


@command.command("schema")
@click.argument("kind", type=click.Choice(list(MODELS)), default="config")
def schema(kind: str) -> None:
    """Print the JSON Schema of config.toml, of an overlay (rules/*.toml) or of a rule pack, for editors."""
    click.echo(json.dumps(MODELS[kind].model_json_schema(), indent=2))


def write_template(places: StateLayout) -> None:
    """Writes the commented config.toml. Raises OSError."""
    make_private_dir(places.root)
    write_atomic(places.config_file, TEMPLATE.encode())


def check_payload(report: CheckReport) -> dict[str, Any]:
    """A check's outcome as JSON."""
    return {
        "valid": not report.faults,
        "faults": [
            {"file": fault.file, "line": fault.line, "key": fault.key, "problem": fault.problem}
            for fault in report.faults
        ],
        "warnings": list(check_warnings(report)),
    }


def check_text(report: CheckReport) -> str:
    """A check's outcome for people: a line for each fault, or one that says what was checked."""
    if report.faults:
        count = len(report.faults)
        return "\n".join([*map(visible, map(str, report.faults)), f"{count} fault{'s' * (count > 1)}"])
    overlays = len(report.overlays)
    checked = f"valid: {report.rules} rules, {overlays} overlay{'s' * (overlays != 1)}"
    return "\n".join([*(f"warning: {visible(text)}" for text in check_warnings(report)), checked])


def check_warnings(report: CheckReport) -> tuple[str, ...]:
    return tuple(f"{name} matches no installed server" for name in report.unused)


def config_payload(config: ConfigFile, settings: Mapping[str, Chosen[Setting]]) -> dict[str, Any]:
    """All settings as nested JSON, and where each comes from by dotted key."""
    nested: dict[str, Any] = {}
    for key, chosen in settings.items():
        section, _, name = key.rpartition(".")
        (nested.setdefault(section, {}) if section else nested)[name] = chosen.value
    rules = {rule: section.model_dump(exclude_none=True) for rule, section in config.rules.items()}
    nested |= {"packs": list(config.packs), "rules": rules}
    return {"config": nested, "origins": {key: chosen.origin for key, chosen in settings.items()}}


def config_toml(config: ConfigFile, settings: Mapping[str, Chosen[Setting]]) -> str:
    """All settings as TOML, each with its origin as a comment."""
    document = tomlkit.document()
    tables: dict[str, Table] = {}
    for key, chosen in settings.items():
        section, _, name = key.rpartition(".")
        item = tomlkit.item(chosen.value).comment(chosen.origin)
        if section:
            tables.setdefault(section, tomlkit.table()).add(name, item)
        else:
            document.add(name, item)
    document.add("packs", tomlkit.item(list(config.packs)))
    for section, table in tables.items():
        document.add(section, table)
    rules = {rule: section.model_dump(exclude_none=True) for rule, section in config.rules.items()}
    if rules:
        document.add("rules", tomlkit.item(rules))
    return tomlkit.dumps(document)


def visible_lines(text: str) -> str:
    """Text of several lines with everything but the line ends made visible."""
    return "\n".join(visible(line) for line in text.rstrip("\n").split("\n"))


def _init_text(path: str, *, written: bool, dry_run: bool) -> str:
    if written:
        return f"wrote {path}\nEvery key in it is commented out; `mcpgw config check` looks at your changes."
    if dry_run and not os.path.lexists(path):
        return f"would write {path}:\n\n{TEMPLATE.rstrip()}"
    return f"{path} exists and was left as it is"
