"""The rollback script is one file that carries the modules it needs as text, so it is the tested code."""

from __future__ import annotations

import os

from mcpgw.installers.runtime import package_dir

# In the order of their imports; each needs only the standard library and those before it.
CARRIED = (
    "mcpgw.errors",
    "mcpgw.files",
    "mcpgw.registry.entry",
    "mcpgw.registry.tree",
    "mcpgw.registry.comments",
    "mcpgw.registry.json_reader",
    "mcpgw.registry.toml_reader",
    "mcpgw.registry.document",
    "mcpgw.installers.edits",
    "mcpgw.installers.layout",
    "mcpgw.installers.members",
    "mcpgw.installers.spans",
    "mcpgw.installers.swap",
    "mcpgw.installers.rollback_script",
)

_HEAD = '''\
"""Takes the gateway off when mcpgw is gone: mcpgw-rollback [FILE...]

Without a FILE it looks into the files that the ledger beside it names. Written by `mcpgw install`.
"""
import sys
from types import ModuleType

SOURCES = {}
'''

_TAIL = """\
for name in ("mcpgw", "mcpgw.registry", "mcpgw.installers"):
    sys.modules[name] = ModuleType(name)
    sys.modules[name].__path__ = []
for name, source in SOURCES.items():
    module = sys.modules[name] = ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)

if __name__ == "__main__":
    sys.exit(sys.modules["mcpgw.installers.rollback_script"].main(sys.argv))
"""


def rollback_source() -> str:
    """The script without its first line. Raises OSError when the package cannot be read."""
    carried = "\n".join(f"SOURCES[{name!r}] = {_quoted(_source(name))}" for name in CARRIED)
    return f"{_HEAD}\n{carried}\n{_TAIL}"


def _source(module: str) -> str:
    path = os.path.join(package_dir(), *module.split(".")[1:]) + ".py"
    with open(path, encoding="utf-8") as file:
        return file.read()


def _quoted(source: str) -> str:
    """The source as a string literal that a person can still read."""
    escaped = source.replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
    return f"'''\\\n{escaped}'''\n"
