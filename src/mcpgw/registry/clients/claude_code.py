"""Claude Code: servers of the user, of projects, plugins, subagents, the administrator and the user's account."""

from __future__ import annotations

import os
from collections.abc import Iterator

from mcpgw.registry.claude.agents import agent_entries
from mcpgw.registry.claude.approvals import Approval
from mcpgw.registry.claude.brought import entries_in
from mcpgw.registry.claude.connectors import connector_entries
from mcpgw.registry.claude.git import git_root
from mcpgw.registry.claude.locations import (
    NAME,
    PROJECT_FILE,
    config_dir,
    managed_file,
    managed_settings,
    moved,
    user_file,
)
from mcpgw.registry.claude.plugins import plugin_entries
from mcpgw.registry.claude.precedence import one_of_each_name, one_of_each_server
from mcpgw.registry.claude.projects import USER_CONTAINERS, projects_in
from mcpgw.registry.claude.shadowing import spots
from mcpgw.registry.claude.standing import Grounds, grounds
from mcpgw.registry.client import Client, ConfigFile, Container, Files, Place, Reading, Verdict, with_parents
from mcpgw.registry.entry import Entry, Scope

_PROJECT_CONTAINERS = (Container(("mcpServers",), Scope.PROJECT),)
_MANAGED_CONTAINERS = (Container(("mcpServers",), Scope.MANAGED),)


def files(place: Place) -> Files:
    """The user's file, the managed ones, and `.mcp.json` of the working directory and all its parents."""
    user = ConfigFile(NAME, user_file(place), USER_CONTAINERS, locked=True, several=moved(place))
    managed = _listed(managed_file(place, "managed-mcp.json"), _MANAGED_CONTAINERS)
    return (user, managed, *map(_project_file, with_parents(os.path.realpath(place.cwd))))


def further(place: Place, readings: tuple[Reading, ...]) -> Files:
    """`.mcp.json` of every project that the user's file knows, and of its parents."""
    known = {reading.file.path for reading in readings}
    projects = filter(os.path.isabs, projects_in(readings))
    directories = dict.fromkeys(directory for project in projects for directory in with_parents(project))
    return tuple(file for file in map(_project_file, directories) if file.path not in known)


def judge(place: Place, readings: tuple[Reading, ...], entries: tuple[Entry, ...]) -> Verdict:
    """Every entry of every project, each judged where it belongs."""
    base = grounds(place, readings)
    everything = (*entries, *_brought(place, readings, base, _known_directories(base)))
    judged = [base.judged(entry, base.space_of(entry)) for entry in everything]
    # What lies in one project only does not hide a plugin's server in the others.
    return _verdict(base, one_of_each_server(judged, place.environ, frozenset({Scope.USER})))


def judge_session(place: Place, readings: tuple[Reading, ...], entries: tuple[Entry, ...]) -> Verdict:
    """Only what a session that starts in the working directory would see, each entry as that session takes it."""
    base = grounds(place, readings)
    directory = os.path.realpath(place.cwd)
    space, parents = base.spaces.at(directory), tuple(with_parents(directory))
    brought = _brought(place, readings, base, iter(parents))
    within = [entry for entry in (*entries, *brought) if _reaches(entry, git_root(directory), parents)]
    judged = [base.judged(entry, space) for entry in within]
    winners = one_of_each_name(judged, lambda name: space.approval(name) is Approval.APPROVED)
    return _verdict(base, one_of_each_server(winners, place.environ))


def _brought(
    place: Place, readings: tuple[Reading, ...], base: Grounds, directories: Iterator[str]
) -> tuple[Entry, ...]:
    files = base.spaces.files
    managed = ((path, files.settings(path).servers) for path in managed_settings(place))
    agents = (os.path.join(each, ".claude", "agents") for each in directories)
    return (
        *(entry for path, servers in managed for entry in entries_in(path, servers, Scope.MANAGED)),
        *plugin_entries(place, files),
        *connector_entries(readings),
        *agent_entries(iter((os.path.join(config_dir(place), "agents"), *agents))),
    )


def _known_directories(base: Grounds) -> Iterator[str]:
    yield from with_parents(base.spaces.place.cwd)
    yield from filter(os.path.isabs, base.spaces.projects)


def _reaches(entry: Entry, root: str, parents: tuple[str, ...]) -> bool:
    match entry.scope:
        case Scope.LOCAL:
            return entry.project_key == root
        case Scope.PROJECT:
            return os.path.dirname(entry.config_file) in parents
        case _:
            return True


def _verdict(base: Grounds, entries: tuple[Entry, ...]) -> Verdict:
    return Verdict(entries, tuple(base.spaces.files.problems), base.managed_file)


def _project_file(directory: str) -> ConfigFile:
    # It is shared with people who do not have the gateway, so it is read and never edited.
    return _listed(os.path.join(directory, PROJECT_FILE), _PROJECT_CONTAINERS)


def _listed(path: str, containers: tuple[Container, ...]) -> ConfigFile:
    return ConfigFile(NAME, path, containers, editable=False)


CLIENT = Client(
    NAME,
    "Claude Code",
    files,
    processes=frozenset({"claude", "claude.exe"}),
    further=further,
    judge=judge,
    judge_session=judge_session,
    spots=spots,
)
