"""A plugin brings servers in its `.mcp.json`, its manifest and its marketplace's list; later ones win by name.

A plugin of a marketplace that is a directory runs from there, any other from the client's copy of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mcpgw.registry.claude.brought import entries_in
from mcpgw.registry.claude.locations import PROJECT_FILE, config_dir
from mcpgw.registry.claude.settings import JsonFiles
from mcpgw.registry.client import Place
from mcpgw.registry.entry import Entry, Scope

_MANIFESTS = ".claude-plugin"


@dataclass(frozen=True, slots=True)
class Plugin:
    """One installed plugin. key: `name@marketplace`.  root: where it runs from.  listed: what its marketplace says."""

    key: str
    root: str
    listed_in: str
    listed: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.key.partition("@")[0]


def plugin_entries(place: Place, files: JsonFiles) -> tuple[Entry, ...]:
    """The servers of every installed plugin, on or off, under the client's names; `note` is the plugin's key."""
    return tuple(entry for plugin in _installed(place, files) for entry in _entries(place, files, plugin))


def _installed(place: Place, files: JsonFiles) -> Iterator[Plugin]:
    directory = os.path.join(config_dir(place), "plugins")
    plugins = _object(files.object(os.path.join(directory, "installed_plugins.json")).get("plugins"))
    marketplaces = files.object(os.path.join(directory, "known_marketplaces.json")) if plugins else {}
    for key, records in plugins.items():
        # An older client kept one record a plugin, not a list with one for each scope; all have the same copy.
        record = _object(records[0] if isinstance(records, list) and records else records)
        marketplace = _object(marketplaces.get(key.rpartition("@")[2]))
        listed_in = os.path.join(_text(marketplace.get("installLocation")), _MANIFESTS, "marketplace.json")
        listed = _listed(files.object(listed_in) if marketplace else {}, key.partition("@")[0])
        root = _source(marketplace, listed) or _text(record.get("installPath"))
        yield Plugin(key, root, listed_in, listed)


def _listed(marketplace: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    plugins = marketplace.get("plugins")
    found = (each for each in plugins if _object(each).get("name") == name) if isinstance(plugins, list) else iter(())
    return _object(next(found, None))


def _source(marketplace: Mapping[str, Any], listed: Mapping[str, Any]) -> str | None:
    """The plugin's directory in a marketplace that is itself a directory."""
    source = listed.get("source")
    if _object(marketplace.get("source")).get("source") != "directory" or not isinstance(source, str):
        return None
    return os.path.normpath(os.path.join(_text(marketplace.get("installLocation")), source))


def _entries(place: Place, files: JsonFiles, plugin: Plugin) -> Iterator[Entry]:
    manifest = os.path.join(plugin.root, _MANIFESTS, "plugin.json")
    standard = os.path.join(plugin.root, PROJECT_FILE)
    sources = [
        (standard, PROJECT_FILE),
        (plugin.listed_in, plugin.listed.get("mcpServers")),
        (manifest, files.object(manifest).get("mcpServers")),
    ]
    found: dict[str, Entry] = {}
    for path, spec in sources:
        for each in spec if isinstance(spec, list) else [spec]:
            for entry in _from_spec(files, plugin, path, each):
                found[entry.name] = entry
    environ = {
        "CLAUDE_PLUGIN_ROOT": plugin.root,
        "CLAUDE_PLUGIN_DATA": os.path.join(config_dir(place), "plugins", "data", plugin.key.replace("@", "-")),
    }
    return (_at_home(entry, environ) for entry in found.values())


def _from_spec(files: JsonFiles, plugin: Plugin, path: str, spec: Any) -> tuple[Entry, ...]:
    """Servers that stand in `path` itself, or in the file of the plugin that is named there."""
    if isinstance(spec, str):
        # A bundle (.mcpb) is unpacked elsewhere; what it starts cannot be told from here.
        if not spec.endswith(".json"):
            return ()
        path = os.path.normpath(os.path.join(plugin.root, spec))
        content = files.object(path)
        spec = content.get("mcpServers") or content
    return entries_in(path, _object(spec), Scope.PLUGIN, prefix=f"plugin:{plugin.name}:", note=plugin.key)


def _at_home(entry: Entry, environ: Mapping[str, str]) -> Entry:
    """The entry with the plugin's own places filled in, which the client does before anything else."""

    def filled(text: str) -> str:
        for name, value in environ.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    return replace(
        entry,
        command=None if entry.command is None else filled(entry.command),
        args=None if entry.args is None else tuple(map(filled, entry.args)),
        url=None if entry.url is None else filled(entry.url),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
