"""The rollback script is one file that carries the modules it needs as text, so it is the tested code.

What kinds of client files there are is written into it as well: a client is known to it by its module alone.
"""

from __future__ import annotations

import os
import re
import sys

from mcpgw.installers.rollback_script import Kind
from mcpgw.installers.runtime import package_dir
from mcpgw.registry.client import Place
from mcpgw.registry.discover import CLIENTS

_MAIN = "mcpgw.installers.rollback_script"
_IMPORT = re.compile(r"^from (mcpgw(?:\.\w+)+) import ", re.MULTILINE)

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
    sys.exit(sys.modules["mcpgw.installers.rollback_script"].main(sys.argv, KINDS))
"""


def rollback_source() -> str:
    """The script without its first line. Raises OSError when the package cannot be read."""
    modules = "\n".join(f"SOURCES[{name!r}] = {_quoted(source)}" for name, source in carried().items())
    listed = "".join(f"    {kind!r},\n" for kind in kinds())
    return f"{_HEAD}\n{modules}\nKINDS = (\n{listed})\n\n{_TAIL}"


def carried() -> dict[str, str]:
    """Each module of ours that the script needs and its source, behind those that it imports."""
    found: dict[str, str] = {}
    _gather(_MAIN, found)
    return found


def kinds() -> tuple[Kind, ...]:
    """Every kind of file that mcpgw may have written for some client."""
    # Only the kinds count, so the places need not exist.
    nowhere = Place("/home", {}, sys.platform, "/project")
    files = (file for client in CLIENTS for file in client.files(nowhere) if file.editable or file.shared)
    return tuple(
        dict.fromkeys(
            (
                file.client,
                str(file.syntax),
                tuple((each.path, str(each.scope), each.shared_file) for each in file.containers),
            )
            for file in files
        )
    )


def _gather(module: str, found: dict[str, str]) -> None:
    source = _source(module)
    for needed in _IMPORT.findall(source):
        if needed not in found:
            _gather(needed, found)
    found[module] = source


def _source(module: str) -> str:
    path = os.path.join(package_dir(), *module.split(".")[1:]) + ".py"
    with open(path, encoding="utf-8") as file:
        return file.read()


def _quoted(source: str) -> str:
    """The source as a string literal that a person can still read."""
    escaped = source.replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
    return f"'''\\\n{escaped}'''\n"
