"""Settings files say what may start; each is read once, and a broken one says nothing and is reported."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcpgw.files import read_bytes
from mcpgw.registry.claude.approvals import Approvals, approvals_from
from mcpgw.registry.claude.restrictions import Lists, lists_from
from mcpgw.registry.client import Problem


@dataclass(frozen=True, slots=True)
class Settings:
    """What one settings file says of servers.

    plugins: switched on or off, by `name@marketplace`.  plugin_servers_only: no other source may bring servers.
    servers: those that it brings itself.  The client heeds the last two in managed settings alone.
    """

    lists: Lists = field(default_factory=Lists)
    approvals: Approvals = field(default_factory=Approvals)
    plugins: Mapping[str, bool] = field(default_factory=dict)
    plugin_servers_only: bool = False
    connectors_off: bool = False
    servers: Mapping[str, Any] = field(default_factory=dict)


def settings_from(value: Mapping[str, Any]) -> Settings:
    """What one settings file says; what is of the wrong kind or not known is left out."""
    plugins, only = value.get("enabledPlugins"), value.get("strictPluginOnlyCustomization")
    servers = value.get("managedMcpServers")
    return Settings(
        lists=lists_from(value),
        approvals=approvals_from(value),
        plugins={key: bool(on) for key, on in plugins.items()} if isinstance(plugins, dict) else {},
        plugin_servers_only=only is True or (isinstance(only, list) and "mcp" in only),
        connectors_off=value.get("disableClaudeAiConnectors") is True,
        servers=servers if isinstance(servers, dict) else {},
    )


@dataclass(frozen=True, slots=True)
class JsonFiles:
    """The client's own small files, each read once."""

    problems: list[Problem] = field(default_factory=list)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def settings(self, path: str) -> Settings:
        return settings_from(self.object(path))

    def object(self, path: str) -> dict[str, Any]:
        """The JSON object in `path`; empty when there is none, or when it cannot be read, which is reported."""
        if path not in self.objects:
            self.objects[path] = self._read(path)
        return self.objects[path]

    def _read(self, path: str) -> dict[str, Any]:
        try:
            value = json.loads(read_bytes(path).decode("utf-8-sig", "replace"))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                self._report(path, f"cannot be read: {error.strerror}")
            return {}
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            self._report(path, "is not a JSON object, so what it says of servers is not known")
            return {}
        return value

    def _report(self, path: str, what: str) -> None:
        self.problems.append(Problem(path, f"{path} {what}", "Mend the file.", blocking=False))
