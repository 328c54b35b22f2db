"""A server that the client's own lists forbid stays forbidden: they are held against the original command.

Rules are `{"serverName"}`, `{"serverCommand": [command, args...]}` or `{"serverUrl": pattern}`; deny lists of all
settings files add up and win, and one allow list suffices to forbid what it does not name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcpgw.registry.entry import Entry, Standing, Transport

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Rule:
    name: str | None = None
    command: tuple[str, ...] | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Lists:
    """The deny and allow lists of one settings file; `allowed` is None where it has no allow list."""

    denied: tuple[Rule, ...] = ()
    allowed: tuple[Rule, ...] | None = None
    only_managed: bool = False


def lists_from(settings: Mapping[str, Any]) -> Lists:
    """Reads the lists of one settings file; unknown rules are left out."""
    allowed = settings.get("allowedMcpServers")
    return Lists(
        denied=_rules(settings.get("deniedMcpServers")),
        allowed=_rules(allowed) if isinstance(allowed, list) else None,
        only_managed=settings.get("allowManagedMcpServersOnly") is True,
    )


def standing_by_lists(
    entry: Entry, managed: Sequence[Lists], others: Sequence[Lists], environ: Mapping[str, str]
) -> Standing:
    """DENIED, BY_COMMAND (only its exact command is allowed, so routing would hide it) or ACTIVE."""
    everywhere = (*managed, *others)
    if any(_matches(rule, entry, environ, denies=True) for each in everywhere for rule in each.denied):
        return Standing.DENIED
    heeded = managed if any(each.only_managed for each in managed) else everywhere
    lists = [each.allowed for each in heeded if each.allowed is not None]
    if not lists:
        return Standing.ACTIVE
    rules = _for_transport(entry, [rule for each in lists for rule in each])
    if not any(_matches(rule, entry, environ) for rule in rules):
        return Standing.DENIED
    return Standing.BY_COMMAND if any(rule.command is not None for rule in rules) else Standing.ACTIVE


def _for_transport(entry: Entry, rules: list[Rule]) -> list[Rule]:
    """With one rule on commands in the list, names no longer count for stdio servers; likewise urls and remote ones."""
    if entry.transport is Transport.STDIO:
        special = [rule for rule in rules if rule.command is not None]
    else:
        special = [rule for rule in rules if rule.url is not None]
    return special or [rule for rule in rules if rule.name is not None]


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`${V}` and `${V:-default}` as Claude Code expands them: an unset one without a default stays as it is."""

    def value(match: re.Match[str]) -> str:
        known = environ.get(match[1])
        if known is not None:
            return known
        return match[2] if match[2] is not None else match[0]

    return _VARIABLE.sub(value, text)


def _matches(rule: Rule, entry: Entry, environ: Mapping[str, str], *, denies: bool = False) -> bool:
    if rule.name is not None:
        return rule.name == entry.name
    if rule.command is not None:
        argv = entry.original_argv
        command = tuple(expand(each, environ) for each in rule.command)
        return bool(argv) and command in (argv, tuple(expand(each, environ) for each in argv))
    if rule.url is None or entry.url is None:
        return False
    url = expand(entry.url, environ)
    pattern = _pattern(expand(rule.url, environ))
    return any(pattern.fullmatch(each) for each in (_spellings(url) if denies else (url,)))


def _pattern(url: str) -> re.Pattern[str]:
    """Only `*` stands for something else."""
    return re.compile(".*".join(map(re.escape, url.split("*"))))


def _spellings(url: str) -> set[str]:
    """What a deny rule without query or with another last slash also means."""
    bare = {url, url.partition("?")[0]}
    return bare | {each.rstrip("/") for each in bare} | {each.rstrip("/") + "/" for each in bare}


def _rules(value: Any) -> tuple[Rule, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(rule for each in value if isinstance(each, dict) and (rule := _rule(each)) is not None)


def _rule(value: dict[str, Any]) -> Rule | None:
    name, command, url = value.get("serverName"), value.get("serverCommand"), value.get("serverUrl")
    if isinstance(name, str):
        return Rule(name=name)
    if isinstance(command, list) and all(isinstance(each, str) for each in command):
        return Rule(command=tuple(command))
    return Rule(url=url) if isinstance(url, str) else None
