"""The data plane is copied to a place of our own, so that it outlives the environment that installed it.

A runtime is never changed in place: other content gets another directory, and what running instances use stays.
"""

from __future__ import annotations

import compileall
import hashlib
import importlib.machinery
import importlib.util
import os
import py_compile
import re
import shutil
import sysconfig
from collections.abc import Iterator

from mcpgw.errors import EnvironmentFault
from mcpgw.files import make_private_dir
from mcpgw.paths import StateLayout
from mcpgw.state.instance import read_instances
from mcpgw.version import VERSION

# The cold side is never run from here; it needs the whole environment.
_COLD_PACKAGES = frozenset({"cli", "config", "installers", "registry", "packs", "__pycache__"})
_REGISTRY_IMPORT = re.compile(r"^from mcpgw\.registry\.(\w+) import", re.M)
_BUILDING = ".building."


def ensure_runtime(layout: StateLayout) -> str:
    """The directory with this very data plane, built if need be. Raises EnvironmentFault."""
    sources = dict(_sources())
    digest = _digest(sources)
    name = runtime_name()
    # The plain name unless it holds something else (a development tree changes without a new version).
    for directory in (f"{layout.runtime_dir}/{name}", f"{layout.runtime_dir}/{name}.{digest[:8]}"):
        if not os.path.lexists(directory):
            return _build(layout, directory, sources)
        if _digest(_copied(directory)) == digest:
            return directory
    shutil.rmtree(directory)
    return _build(layout, directory, sources)


def sweep_runtimes(layout: StateLayout, *, keep: str) -> None:
    """Removes all other runtimes, unless an instance is alive that may still load from one."""
    if any(instance.alive for instance in read_instances(layout)):
        return
    for name in os.listdir(layout.runtime_dir):
        path = os.path.join(layout.runtime_dir, name)
        if path != keep and os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)


def unfinished_runtimes(layout: StateLayout) -> list[str]:
    """Directories of builds that never ended; the caller is the only installer."""
    names = os.listdir(layout.runtime_dir)
    return [os.path.join(layout.runtime_dir, name) for name in names if _BUILDING in name]


def runtime_name() -> str:
    """`<version>-<abi>`: what this interpreter can load."""
    abi = sysconfig.get_config_var("SOABI") or sysconfig.get_platform()
    return f"{VERSION}-{abi}"


def engine_library() -> str | None:
    """The scan engine's extension module; None where the engine has no wheel."""
    spec = importlib.util.find_spec("hyperscan")
    for directory in (spec.submodule_search_locations or ()) if spec is not None else ():
        for name in sorted(os.listdir(directory)):
            if name.startswith("_hs_ext") and name.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES)):
                return os.path.join(directory, name)
    return None


def package_dir() -> str:
    """Where the installed package lies."""
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _sources() -> Iterator[tuple[str, str]]:
    """(path in the runtime, path to copy from) of every file."""
    package = package_dir()
    for directory, names, files in os.walk(package):
        names[:] = sorted(set(names) - _COLD_PACKAGES)
        for file in sorted(files):
            if file.endswith(".py"):
                path = os.path.join(directory, file)
                yield os.path.join("mcpgw", os.path.relpath(path, package)), path
    for name in registry_readers():
        yield os.path.join("mcpgw", "registry", f"{name}.py"), os.path.join(package, "registry", f"{name}.py")
    library = engine_library()
    if library is not None:
        yield os.path.basename(library), library


def registry_readers() -> tuple[str, ...]:
    """The part of the registry that the data plane needs: what reads a shared entry again, and what that imports."""
    found: list[str] = ["__init__", "source"]
    for name in found:  # grows while it is walked
        with open(os.path.join(package_dir(), "registry", f"{name}.py"), encoding="utf-8") as file:
            imported = _REGISTRY_IMPORT.findall(file.read())
        found += sorted(set(imported) - set(found))
    return tuple(found)


def _copied(directory: str) -> dict[str, str]:
    """The same of a runtime that exists, without what was compiled there."""
    return {
        os.path.relpath(os.path.join(parent, file), directory): os.path.join(parent, file)
        for parent, _, files in os.walk(directory)
        for file in files
        if not file.endswith(".pyc")
    }


def _digest(files: dict[str, str]) -> str:
    total = hashlib.sha256()
    for name in sorted(files):
        with open(files[name], "rb") as file:
            total.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _build(layout: StateLayout, directory: str, sources: dict[str, str]) -> str:
    building = f"{directory}{_BUILDING}{os.getpid()}"
    try:
        make_private_dir(layout.runtime_dir)
        shutil.rmtree(building, ignore_errors=True)
        for name, source in sources.items():
            make_private_dir(os.path.dirname(os.path.join(building, name)))
            shutil.copyfile(source, os.path.join(building, name))
        # Unchecked: the copy is never edited, so a start need not compare times.
        compileall.compile_dir(
            building,
            quiet=2,
            stripdir=building,
            prependdir=directory,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        os.rename(building, directory)
    except OSError as error:
        shutil.rmtree(building, ignore_errors=True)
        raise EnvironmentFault(
            f"the runtime {directory} cannot be written: {error.strerror}",
            "Make room or give the right to write there.",
        ) from error
    return directory
