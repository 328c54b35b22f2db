"""A project is known by its main git root: from a subdirectory, a linked directory and a worktree alike."""

from __future__ import annotations

import os

from mcpgw.files import read_bytes
from mcpgw.registry.client import with_parents

_LINK = "gitdir:"


def git_root(directory: str) -> str:
    """The key under which the client keeps what it knows of sessions in `directory`; no git is run.

    Without a repository it is the directory itself, links resolved.
    """
    start = os.path.realpath(directory)
    for each in with_parents(start):
        dot_git = os.path.join(each, ".git")
        if os.path.isdir(dot_git):
            return each
        if os.path.isfile(dot_git):
            return _main_root(each, dot_git)
    return start


def _main_root(worktree: str, dot_git: str) -> str:
    """Where the worktree's repository lies; a submodule, or a link that nothing leads back from, is its own root."""
    link = _text(dot_git)
    if not link.startswith(_LINK):
        return worktree
    private = os.path.normpath(os.path.join(worktree, link[len(_LINK) :].strip()))
    shared = os.path.normpath(os.path.join(private, _text(os.path.join(private, "commondir")) or "."))
    back = os.path.join(private, _text(os.path.join(private, "gitdir")))
    # Else any directory could borrow the approvals of another project by a `.git` file of its own.
    if os.path.dirname(private) != os.path.join(shared, "worktrees") or not _same(back, dot_git):
        return worktree
    return os.path.realpath(os.path.dirname(shared) if os.path.basename(shared) == ".git" else shared)


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _text(path: str) -> str:
    """The first line of a small file; empty when it cannot be read."""
    try:
        return read_bytes(path).decode("utf-8", "surrogateescape").strip()
    except OSError:
        return ""
