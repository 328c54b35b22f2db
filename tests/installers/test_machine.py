"""Whatever user, client and crashes do in whatever order: the files say what their owner last meant, routed or not."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mcpgw.installers.swap import STALE_LOCK_SECONDS
from mcpgw.registry.entry import unwrap
from mcpgw.registry.ledger import read_ledger
from support.client_home import client_home, write
from support.crashing import DEEDS, Stage, route, take_off

LAYOUTS: list[dict[str, Any]] = [{"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}, {"indent": 4}, {}]
words = st.text('abcé "\\/', min_size=1, max_size=4)
stdio = st.fixed_dictionaries(
    {"command": words},
    optional={
        "args": st.lists(words, max_size=2),
        "env": st.dictionaries(words, words, max_size=1),
        "x": st.integers(),
    },
)
remote = st.fixed_dictionaries({"type": st.just("http"), "url": words})
places = st.tuples(st.sampled_from(["code", "desktop"]), st.integers(0, 1))
layouts = st.sampled_from(LAYOUTS)
Tree = dict[str, Any]


class Machine(RuleBasedStateMachine):
    """meant: what each file would say without us.  clean: its bytes, as long as only we have written since."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.home = client_home(Path(self.folder.name))
        self.paths = {"code": self.home.code_file, "desktop": self.home.desktop_file}
        self.meant: dict[str, Tree] = {}
        self.clean: dict[str, bytes | None] = {}

    @initialize(servers=st.dictionaries(words, stdio | remote, max_size=3), layout=layouts)
    def begin(self, servers: Tree, layout: Tree) -> None:
        local = {str(self.home.project): {"history": [1.0], "mcpServers": {"db": {"command": "uvx"}}}}
        self._owner_writes("code", {"numStartups": 1, "mcpServers": servers, "projects": local}, layout)
        self._owner_writes("desktop", {"mcpServers": {"git": {"command": "git", "args": []}}, "n": None}, layout)

    @rule(place=places, name=words, entry=stdio | remote, layout=layouts)
    def put(self, place: tuple[str, int], name: str, entry: Tree, layout: Tree) -> None:
        """Adds a server, or replaces one, routed or not."""
        self._edit(place, layout, lambda servers: servers.__setitem__(name, entry))

    @rule(place=places, which=st.integers(0, 9), layout=layouts)
    def delete(self, place: tuple[str, int], which: int, layout: Tree) -> None:
        self._edit(place, layout, lambda servers: servers.pop(_one(servers, which), None))

    @rule(place=places, which=st.integers(0, 9), word=words, layout=layouts)
    def append_an_argument(self, place: tuple[str, int], which: int, word: str, layout: Tree) -> None:
        """As a user does who looks at the entry and sees only its end."""

        def append(servers: Tree) -> None:
            entry = servers.get(_one(servers, which))
            if entry is not None and "command" in entry:
                # Where there were none, the place of `args` is behind `command`, which is where a routed entry has it.
                entry.setdefault("args", [])
                _put_first(entry, "command", "args")
                entry["args"].append(word)

        self._edit(place, layout, append)

    @rule(place=places, which=st.integers(0, 9), word=words, layout=layouts)
    def set_a_key(self, place: tuple[str, int], which: int, word: str, layout: Tree) -> None:
        self._edit(place, layout, lambda servers: servers.get(_one(servers, which), {}).update({"x": word}))

    @rule(file=st.sampled_from(["code", "desktop"]), count=st.integers(0, 99))
    def client_rewrites(self, file: str, count: int) -> None:
        tree = json.loads(self.paths[file].read_bytes())
        tree["numStartups"] = self.meant[file]["numStartups"] = count
        self._owner_writes(file, tree, {"indent": 2}, self.meant[file])

    @rule()
    def route(self) -> None:
        route(self.home)
        for file in self.paths:
            assert all(unwrap(each.get("args")) for each in self._entries(self._on_disk(file)) if "command" in each)

    @rule()
    def take_off(self) -> None:
        take_off(self.home)
        ledger = read_ledger(self.home.layout)
        assert (ledger.installed, ledger.open_steps) == ((), frozenset())
        for file, path in self.paths.items():
            assert json.dumps(self._on_disk(file)) == json.dumps(self.meant[file])
            assert self.clean[file] in (None, path.read_bytes())

    @rule(deed=st.sampled_from(sorted(DEEDS)), count=st.integers(1, 20))
    def crash(self, deed: str, count: int) -> None:
        self.stage.stopped_at(self.home.root, deed, count)
        lock = f"{self.home.code_file}.lock"
        if os.path.isdir(lock):
            long_ago = os.stat(lock).st_mtime - STALE_LOCK_SECONDS - 1
            os.utime(lock, (long_ago, long_ago))

    @invariant()
    def the_files_say_what_is_meant(self) -> None:
        for file in self.meant:
            found = self._on_disk(file)
            for entry in self._entries(found):
                _unwrap(entry)
            assert json.dumps(found) == json.dumps(self.meant[file])

    def teardown(self) -> None:
        if self.meant:
            self.take_off()
            beside = {*os.listdir(self.home.home), *os.listdir(self.home.desktop_file.parent)}
            assert beside == {".claude.json", ".config", self.home.desktop_file.name}
        self.folder.cleanup()

    def _edit(self, place: tuple[str, int], layout: Tree, change: Any) -> None:
        """The same change of the servers on disk and of those that are meant."""
        file, container = place
        tree = self._on_disk(file)
        for each in (tree, self.meant[file]):
            found = self._containers(each)
            change(found[container % len(found)])
        self._owner_writes(file, tree, layout, self.meant[file])

    def _owner_writes(self, file: str, tree: Tree, layout: Tree, meant: Tree | None = None) -> None:
        content = write(self.paths[file], json.dumps(tree, ensure_ascii=False, **layout).encode())
        self.meant[file] = json.loads(content) if meant is None else meant
        routed = any(unwrap(each.get("args")) for each in self._entries(tree))
        self.clean[file] = None if routed else content

    def _on_disk(self, file: str) -> Tree:
        tree: Tree = json.loads(self.paths[file].read_bytes())
        return tree

    def _containers(self, tree: Tree) -> list[Tree]:
        return [tree["mcpServers"], *(each["mcpServers"] for each in tree.get("projects", {}).values())]

    def _entries(self, tree: Tree) -> list[Tree]:
        return [entry for servers in self._containers(tree) for entry in servers.values()]


def _one(servers: Tree, which: int) -> str:
    return sorted(servers)[which % len(servers)] if servers else ""


def _put_first(entry: Tree, *keys: str) -> None:
    rest = {key: entry[key] for key in entry if key not in keys}
    first = {key: entry[key] for key in keys}
    entry.clear()
    entry.update({**first, **rest})


def _unwrap(entry: Tree) -> None:
    original = unwrap(entry.get("args"))
    if original is not None:
        entry["command"] = original.command
        entry["args"] = original.args
        if original.args is None:
            del entry["args"]


@pytest.mark.requirement("uninstall.keeps-edits")
def test_the_owner_is_always_right() -> None:
    Machine.stage = Stage()
    try:
        run_state_machine_as_test(Machine, settings=settings(max_examples=20, stateful_step_count=15, deadline=None))
    finally:
        Machine.stage.close()
