"""A server that the client's own lists forbid stays forbidden: they are held against the original command.

Rules are `{"serverName"}`, `{"serverCommand": [command, args...]}` or `{"serverUrl": pattern}`; deny lists of all
settings files add up and win, and one allow list suffices to forbid what it does not name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from mcpgw.registry.entry import Entry, Standing, Transport

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Rule:
    name: str | None = None
    command: tuple[str, ...] | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What one settings file says of servers; `allowed` is None where it has no allow list."""

    denied: tuple[Rule, ...] = ()
    allowed: tuple[Rule, ...] | None = None
    only_managed_lists: bool = False
    rejected: frozenset[str] = frozenset()


def settings_from(content: bytes) -> Settings:
    """Reads one settings file. Raises ValueError when it is not a JSON object; unknown rules are left out."""
    value = json.loads(content.decode("utf-8-sig", "replace"))
    if not isinstance(value, dict):
        raise ValueError("not an object")
    allowed = value.get("allowedMcpServers")
    return Settings(
        denied=_rules(value.get("deniedMcpServers")),
        allowed=_rules(allowed) if isinstance(allowed, list) else None,
        only_managed_lists=value.get("allowManagedMcpServersOnly") is True,
        rejected=names_in(value.get("disabledMcpjsonServers")),
    )


def names_in(value: Any) -> frozenset[str]:
    """The strings of a list of server names; nothing for any other value."""
    return frozenset(each for each in value if isinstance(each, str)) if isinstance(value, list) else frozenset()


def standing_by_lists(
    entry: Entry, managed: Settings, others: Iterable[Settings], environ: Mapping[str, str]
) -> Standing:
    """DENIED, BY_COMMAND (only its exact command is allowed, so routing would hide it) or ACTIVE."""
    everywhere = (managed, *others)
    if any(_matches(rule, entry, environ) for each in everywhere for rule in each.denied):
        return Standing.DENIED
    lists = [managed.allowed] if managed.only_managed_lists else [each.allowed for each in everywhere]
    rules = [rule for each in lists if each is not None for rule in each]
    if all(each is None for each in lists):
        return Standing.ACTIVE
    # With one rule on commands in the list, names no longer count for stdio servers.
    if entry.transport is Transport.STDIO and any(rule.command is not None for rule in rules):
        matched = any(rule.command is not None and _matches(rule, entry, environ) for rule in rules)
        return Standing.BY_COMMAND if matched else Standing.DENIED
    return Standing.ACTIVE if any(_matches(rule, entry, environ) for rule in rules) else Standing.DENIED


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`${V}` and `${V:-default}` as Claude Code expands them: an unset one without a default stays as it is."""

    def value(match: re.Match[str]) -> str:
        known = environ.get(match[1])
        if known is not None:
            return known
        return match[2] if match[2] is not None else match[0]

    return _VARIABLE.sub(value, text)


def _matches(rule: Rule, entry: Entry, environ: Mapping[str, str]) -> bool:
    if rule.name is not None:
        return rule.name == entry.name
    if rule.command is not None:
        argv = entry.original_argv
        return bool(argv) and rule.command in (argv, tuple(expand(each, environ) for each in argv))
    return rule.url is not None and entry.url is not None and fnmatchcase(expand(entry.url, environ), rule.url)


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
