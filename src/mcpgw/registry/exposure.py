"""Who can read a file is what the mode bits of the file and of every directory above it allow together.

POSIX permission bits only: access control lists, and root, who reads everything, are left out.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Readers(StrEnum):
    OWNER = "owner"
    GROUP = "group"
    EVERYONE = "everyone"
    UNKNOWN = "unknown"  # the platform has no mode bits


@dataclass(frozen=True, slots=True)
class Exposure:
    """Who can read a file. group: its name, where the members of a group can.  mode: the file's permission bits."""

    readers: Readers
    group: str | None
    mode: int

    @property
    def is_private(self) -> bool:
        return self.readers is Readers.OWNER

    @property
    def text(self) -> str:
        match self.readers:
            case Readers.OWNER:
                return "owner only"
            case Readers.GROUP:
                return f"group {self.group}"
            case Readers.EVERYONE:
                return "everyone"
            case Readers.UNKNOWN:
                return "not known"


def exposure(path: str) -> Exposure:
    """Who can read the file; links are followed, as a reader follows them. Raises OSError."""
    real = os.path.realpath(path)
    file = os.stat(real)
    above = tuple(os.stat(parent) for parent in Path(real).parents)
    readers = Readers.UNKNOWN if os.name == "nt" else readers_of(file, above)
    group = _group_name(real, file.st_gid) if readers is Readers.GROUP else None
    return Exposure(readers, group, stat.S_IMODE(file.st_mode))


def readers_of(file: os.stat_result, above: Sequence[os.stat_result]) -> Readers:
    """The widest circle that the bits of the file, and of all directories `above` it, let in."""
    if file.st_mode & stat.S_IROTH and all(each.st_mode & stat.S_IXOTH for each in above):
        return Readers.EVERYONE
    if file.st_mode & stat.S_IRGRP and all(_lets_in(file.st_gid, each) for each in above):
        return Readers.GROUP
    return Readers.OWNER


def _lets_in(group: int, directory: os.stat_result) -> bool:
    """Whether members of `group` get through; to a directory of another group they are everybody else."""
    needed = stat.S_IXGRP if directory.st_gid == group else stat.S_IXOTH
    return bool(directory.st_mode & needed)


def _group_name(real: str, number: int) -> str:
    try:
        return Path(real).group()
    except KeyError:
        return str(number)
