"""What the client's settings say in one directory: a session that starts there obeys exactly these."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from mcpgw.registry.claude.approvals import Approval, approval
from mcpgw.registry.claude.git import git_root
from mcpgw.registry.claude.locations import config_dir, managed_settings
from mcpgw.registry.claude.projects import Project, projects_in
from mcpgw.registry.claude.restrictions import standing_by_lists
from mcpgw.registry.claude.settings import JsonFiles, Settings
from mcpgw.registry.client import Place, Reading
from mcpgw.registry.entry import Entry, Standing

_PRIVATE = "settings.local.json"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The settings of one directory, or of none in particular (then only the user's and the administrator's).

    private: of the directory and of its main git root, not shared with other people.
    """

    place: Place
    managed: tuple[Settings, ...]
    user: Settings
    shared: tuple[Settings, ...] = ()
    private: tuple[Settings, ...] = ()
    project: Project = field(default_factory=Project)

    @property
    def settings(self) -> tuple[Settings, ...]:
        """The strongest first; of the administrator's drop-ins the last one."""
        return (*reversed(self.managed), *self.private, *self.shared, self.user)

    def approval(self, name: str) -> Approval:
        """Of a shared server. What lies in a directory that is not trusted cannot approve what lies beside it."""
        # The older answers in the user's file become private settings when the client starts.
        heard = (*(each.approvals for each in self.settings), self.project.approvals)
        believed = heard if self.project.trusted else [each.approvals for each in (*self.managed, self.user)]
        return approval(name, believed, heard, trusted=self.project.trusted)

    def by_lists(self, entry: Entry) -> Standing:
        others = [each.lists for each in (self.user, *self.shared, *self.private)]
        return standing_by_lists(entry, [each.lists for each in self.managed], others, self.place.environ)

    def plugin_on(self, plugin: str) -> bool:
        """The strongest word counts; a plugin that nobody speaks of is off."""
        return next((each.plugins[plugin] for each in self.settings if plugin in each.plugins), False)

    @property
    def plugin_servers_only(self) -> bool:
        return any(each.plugin_servers_only for each in self.managed)

    @property
    def connectors_off(self) -> bool:
        return any(each.connectors_off for each in self.settings)


@dataclass(frozen=True, slots=True)
class Workspaces:
    """Workspaces by directory, each looked at once; what is broken in their files is collected in `files`."""

    place: Place
    projects: dict[str, Project]
    files: JsonFiles = field(default_factory=JsonFiles)
    known: dict[str | None, Workspace] = field(default_factory=dict)

    def at(self, directory: str | None) -> Workspace:
        if directory not in self.known:
            self.known[directory] = self._read(directory)
        return self.known[directory]

    def everywhere(self) -> Iterator[Workspace]:
        """The user's own, and that of every project."""
        return (self.at(directory) for directory in (None, self.place.cwd, *filter(os.path.isabs, self.projects)))

    def _read(self, directory: str | None) -> Workspace:
        managed = tuple(map(self.files.settings, managed_settings(self.place)))
        user = self.files.settings(os.path.join(config_dir(self.place), "settings.json"))
        if directory is None:
            return Workspace(self.place, managed, user)
        root = git_root(directory)
        private = dict.fromkeys(os.path.join(each, ".claude", _PRIVATE) for each in (directory, root))
        shared = self.files.settings(os.path.join(directory, ".claude", "settings.json"))
        return Workspace(
            *(self.place, managed, user, (shared,)),
            private=tuple(map(self.files.settings, private)),
            project=self.projects.get(root) or self.projects.get(directory) or Project(),
        )


def workspaces(place: Place, readings: tuple[Reading, ...]) -> Workspaces:
    """Of everything that the readings of the client's files tell."""
    return Workspaces(place, projects_in(readings))


def approved_in(place: Place, readings: tuple[Reading, ...], project: str, name: str) -> bool:
    """Whether the user approved the shared server `name` for sessions that start in `project`."""
    return workspaces(place, readings).at(os.path.realpath(project)).approval(name) is Approval.APPROVED
