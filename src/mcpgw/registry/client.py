"""What a client is to the registry: where its files are, what shape they have, and what it would start by itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from mcpgw.errors import ConfigFault, McpgwError
from mcpgw.registry.dialect import CLAUDE_CODE, Dialect
from mcpgw.registry.document import Document, Path, Syntax
from mcpgw.registry.entry import Entry, Scope, Standing


@dataclass(frozen=True, slots=True)
class Place:
    """The machine as the clients see it; tests pass a fake tree.

    platform: as `sys.platform`.  system_root: prefix of machine-wide paths ("" on a real machine).
    """

    home: str
    environ: Mapping[str, str]
    platform: str
    cwd: str
    system_root: str = ""

    @property
    def config_home(self) -> str:
        """Where desktop programs of this platform keep their settings."""
        match self.platform:
            case "darwin":
                return os.path.join(self.home, "Library", "Application Support")
            case "win32":
                return self.environ.get("APPDATA") or os.path.join(self.home, "AppData", "Roaming")
            case _:
                return self.xdg_config_home

    @property
    def xdg_config_home(self) -> str:
        """As command-line programs take it on every platform; XDG says that a relative path counts for nothing."""
        chosen = self.environ.get("XDG_CONFIG_HOME", "")
        return chosen if os.path.isabs(chosen) else os.path.join(self.home, ".config")

    def chosen_dir(self, variable: str, *default: str) -> str:
        """The directory that the variable names, else the one at `default` below the home."""
        return self.environ.get(variable) or os.path.join(self.home, *default)


def this_machine(environ: Mapping[str, str], cwd: str) -> Place:
    """The real machine, its home as the environment says."""
    home = environ.get("HOME") or os.path.expanduser("~")
    return Place(home, environ, sys.platform, cwd)


def with_parents(directory: str) -> Iterator[str]:
    """The directory and all above it."""
    while True:
        yield directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return
        directory = parent


def project_directories(place: Place) -> tuple[str, ...]:
    """The working directory and its parents up to the repository's root; without a repository only itself.

    Never the home: what lies there is the user's own file.
    """
    found: list[str] = []
    for directory in with_parents(place.cwd):
        if os.path.realpath(directory) == os.path.realpath(place.home):
            break
        found.append(directory)
        if os.path.exists(os.path.join(directory, ".git")):
            return tuple(found)
    return tuple(each for each in found if each == place.cwd)


@dataclass(frozen=True, slots=True)
class Container:
    """An object that maps server names to entries; EACH in the path stands for the project key.

    prefix: what the client puts before each name (`plugin:NAME:` for a plugin's servers).  shared_file: what the
    file is called, in the project or above it, before whose servers the entries here win; None where there is none.
    """

    path: Path
    scope: Scope
    prefix: str = ""
    shared_file: str | None = None


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file of one client.

    editable: `install` may rewrite it; else `untouched` says why not.  locked: the client takes `<path>.lock` before
    it writes, so must we.  several: the client keeps user servers in more than one file, so ids carry this one's hash.
    dialect: how the client reads an entry.
    """

    client: str
    path: str
    containers: tuple[Container, ...]
    editable: bool = True
    locked: bool = False
    syntax: Syntax = Syntax.JSON
    several: bool = False
    untouched: Standing = Standing.ACTIVE
    dialect: Dialect = CLAUDE_CODE

    @property
    def shared(self) -> bool:
        """Whether it goes to other people with a project; such a file is edited only when asked for."""
        project = any(container.scope is Scope.PROJECT for container in self.containers)
        return project and self.untouched is Standing.ACTIVE


def listed_file(
    client: str,
    path: str,
    container: str,
    dialect: Dialect,
    *,
    scope: Scope = Scope.USER,
    syntax: Syntax = Syntax.JSON,
    several: bool = False,
) -> ConfigFile:
    """A file of a client whose files are read and never written."""
    return ConfigFile(
        client,
        path,
        (Container((container,), scope),),
        editable=False,
        syntax=syntax,
        several=several,
        untouched=Standing.LISTED_ONLY,
        dialect=dialect,
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found of one file: its document, or why there is none (`problem`), or neither when it is absent."""

    file: ConfigFile
    document: Document | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that stands in the way. blocking: `install` would edit it, so it stops there; kind: the error it is."""

    path: str
    message: str
    next_step: str
    blocking: bool
    kind: type[McpgwError] = ConfigFault


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the client's own settings say: the entries with their standing, and the settings files that are broken."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...] = ()
    managed_file: str | None = None  # present: the client ignores every other file


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a private entry of the same name would stand before a shared one, and the person has approved that one.

    file: the person's own config file.  project_key: the key of the project in it.
    """

    origin: Entry
    file: str
    project_key: str


Files = tuple[ConfigFile, ...]


def no_further_files(place: Place, readings: tuple[Reading, ...]) -> Files:
    return ()


def all_active(place: Place, readings: tuple[Reading, ...], entries: tuple[Entry, ...]) -> Verdict:
    return Verdict(entries)


def no_spots(place: Place, readings: tuple[Reading, ...], entries: tuple[Entry, ...]) -> tuple[Spot, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Client:
    """One client. A new one is a module in `clients/` with such a value as its `CLIENT`; nothing else names it.

    files: where it may keep servers.  further: more files, known only once those are read.  judge: sets each
    entry's standing.  judge_session: the same for a session in the working directory alone (None: as `judge`).
    spots: where shared entries could be shadowed.  processes: names under which its sessions run.
    must_be_closed: it loses edits made meanwhile.
    """

    name: str
    title: str
    files: Callable[[Place], Files]
    processes: frozenset[str] = field(default_factory=frozenset)
    must_be_closed: bool = False
    further: Callable[[Place, tuple[Reading, ...]], Files] = no_further_files
    judge: Callable[[Place, tuple[Reading, ...], tuple[Entry, ...]], Verdict] = all_active
    judge_session: Callable[[Place, tuple[Reading, ...], tuple[Entry, ...]], Verdict] | None = None
    spots: Callable[[Place, tuple[Reading, ...], tuple[Entry, ...]], tuple[Spot, ...]] = no_spots

    def shape_of(self, place: Place, path: str, scope: str) -> ConfigFile:
        """The shape of a file that was known from elsewhere: that of this client's file of the same name and scope."""
        files = self.files(replace(place, cwd=os.path.dirname(path)))
        fitting = [file for file in files if any(str(each.scope) == scope for each in file.containers)]
        name = os.path.basename(path)
        return next((file for file in fitting if os.path.basename(file.path) == name), files[0])
