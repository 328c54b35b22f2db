"""Claude Code: user and local servers in `.claude.json`, project servers in `.mcp.json` files up to the root."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mcpgw.files import read_bytes
from mcpgw.registry.client import Client, ConfigFile, Container, Files, Place, Problem, Reading, Verdict
from mcpgw.registry.document import EACH, Document
from mcpgw.registry.entry import Entry, Scope, Standing
from mcpgw.registry.restrictions import Settings, names_in, settings_from, standing_by_lists

NAME = "claude-code"
_PROJECT_FILE = ".mcp.json"
_USER_CONTAINERS = (
    Container(("mcpServers",), Scope.USER),
    Container(("projects", EACH, "mcpServers"), Scope.LOCAL),
)
_PROJECT_CONTAINERS = (Container(("mcpServers",), Scope.PROJECT),)
_SWITCH_KEYS = ("disabledMcpServers", "disabledMcpjsonServers")  # in the order of _Switches
_MANAGED_CONTAINERS = (Container(("mcpServers",), Scope.MANAGED),)


def files(place: Place) -> Files:
    """The user's file, the managed file, and `.mcp.json` of the working directory and all its parents."""
    directory = place.environ.get("CLAUDE_CONFIG_DIR") or place.home
    user = ConfigFile(NAME, os.path.join(directory, ".claude.json"), _USER_CONTAINERS, locked=True)
    managed = ConfigFile(NAME, _managed(place, "managed-mcp.json"), _MANAGED_CONTAINERS, editable=False)
    return (user, managed, *(_project_file(each) for each in _with_parents(place.cwd)))


def further(place: Place, readings: tuple[Reading, ...]) -> Files:
    """`.mcp.json` of every project that the user's file knows."""
    known = {reading.file.path for reading in readings}
    found = (_project_file(key) for key in _project_keys(readings) if os.path.isabs(key))
    return tuple(file for file in found if file.path not in known)


def judge(place: Place, readings: tuple[Reading, ...], entries: tuple[Entry, ...]) -> Verdict:
    """Each entry's standing under the managed file, the deny and allow lists, and the switches per project."""
    managed_file = _managed(place, "managed-mcp.json")
    present = os.path.exists(managed_file)
    settings = _SettingsFiles(place, {}, [])
    projects = dict(_switches(readings))
    judged = tuple(
        replace(entry, standing=_standing(place, settings, projects, entry, overruled=present)) for entry in entries
    )
    return Verdict(judged, tuple(settings.problems), managed_file if present else None)


def _standing(
    place: Place, settings: _SettingsFiles, projects: dict[str, _Switches], entry: Entry, *, overruled: bool
) -> Standing:
    if entry.scope is Scope.MANAGED:
        return Standing.MANAGED
    if overruled:
        return Standing.OVERRULED
    project = _project_of(entry)
    others = [settings.read(path) for path in _settings_paths(place, project)]
    managed = settings.read(_managed(place, "managed-settings.json"))
    listed = standing_by_lists(entry, managed, others, place.environ)
    if listed is not Standing.ACTIVE:
        return listed
    off = _switched_off(entry, projects.get(project or "", _Switches()), (managed, *others))
    return Standing.DISABLED if off else Standing.ACTIVE


def _switched_off(entry: Entry, switches: _Switches, settings: tuple[Settings, ...]) -> bool:
    """By name, per project. A project server that waits for approval is not off: non-interactive runs do start it."""
    if entry.scope is Scope.USER:
        return False
    rejected = entry.scope is Scope.PROJECT and any(
        entry.name in each for each in (switches.rejected, *(one.rejected for one in settings))
    )
    return rejected or entry.name in switches.disabled


@dataclass(frozen=True, slots=True)
class _Switches:
    """What the user's file says of one project's servers, by name."""

    disabled: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _SettingsFiles:
    """Settings files, each read once; a broken one says nothing and is reported."""

    place: Place
    read_ones: dict[str, Settings]
    problems: list[Problem]

    def read(self, path: str) -> Settings:
        if path not in self.read_ones:
            self.read_ones[path] = self._settings(path)
        return self.read_ones[path]

    def _settings(self, path: str) -> Settings:
        try:
            return settings_from(read_bytes(path))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                self._report(path, f"cannot be read: {error.strerror}")
        except (ValueError, RecursionError):
            self._report(path, "is not a JSON object, so its deny and allow lists are not known")
        return Settings()

    def _report(self, path: str, what: str) -> None:
        self.problems.append(Problem(path, f"{path} {what}", "Mend the file.", blocking=False))


def _settings_paths(place: Place, project: str | None) -> tuple[str, ...]:
    directory = place.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(place.home, ".claude")
    user = os.path.join(directory, "settings.json")
    if project is None:
        return (user,)
    local = os.path.join(project, ".claude")
    return (user, os.path.join(local, "settings.json"), os.path.join(local, "settings.local.json"))


def _project_of(entry: Entry) -> str | None:
    if entry.scope is Scope.LOCAL:
        return entry.project_key
    return os.path.dirname(entry.config_file) if entry.scope is Scope.PROJECT else None


def _user_documents(readings: tuple[Reading, ...]) -> Iterator[Document]:
    for reading in readings:
        if reading.document is not None and reading.file.containers == _USER_CONTAINERS:
            yield reading.document


def _project_keys(readings: tuple[Reading, ...]) -> list[str]:
    return [
        key for document in _user_documents(readings) for key, _ in document.find(("projects", EACH)) if key is not None
    ]


def _switches(readings: tuple[Reading, ...]) -> Iterator[tuple[str, _Switches]]:
    for document in _user_documents(readings):
        for key, node in document.find(("projects", EACH)):
            lists = {
                member.key: names_in(document.value(member.value))
                for member in node.members or ()
                if member.key in _SWITCH_KEYS
            }
            yield key or "", _Switches(*(lists.get(each, frozenset()) for each in _SWITCH_KEYS))


def _with_parents(directory: str) -> Iterator[str]:
    """Also above the repository's root, as the client does."""
    while True:
        yield directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return
        directory = parent


def _project_file(directory: str) -> ConfigFile:
    path = os.path.join(directory, _PROJECT_FILE)
    # It is shared with people who do not have the gateway, so it is read and never edited.
    return ConfigFile(NAME, path, _PROJECT_CONTAINERS, editable=False)


def _managed(place: Place, name: str) -> str:
    match place.platform:
        case "darwin":
            directory = "/Library/Application Support/ClaudeCode"
        case "win32":
            directory = "C:\\Program Files\\ClaudeCode"
        case _:
            directory = "/etc/claude-code"
    return os.path.join(place.system_root + directory, name)


CLIENT = Client(
    NAME,
    "Claude Code",
    files,
    processes=frozenset({"claude", "claude.exe"}),
    further=further,
    judge=judge,
)
