"""The data plane is copied to a place of our own, so that it outlives the environment that installed it.

A runtime is never changed in place: other content gets another directory, and what running instances use stays.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.machinery
import importlib.util
import itertools
import json
import marshal
import os
import re
import shutil
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import CodeType
from typing import Any

from mcpgw.errors import EnvironmentFault
from mcpgw.files import fsync_dir, make_private_dir, read_bytes, write_atomic
from mcpgw.paths import StateLayout
from mcpgw.version import VERSION

# The cold side is never run from here; it needs the whole environment.
_COLD_PACKAGES = frozenset({"cli", "config", "installers", "registry", "packs", "__pycache__"})
_REGISTRY_IMPORT = re.compile(r"^from mcpgw\.registry\.(\w+) import", re.M)
# Sources, and what of them was built as an extension.
_COPIED = (".py", *importlib.machinery.EXTENSION_SUFFIXES)
_PROGRAMS = frozenset({"_guardian"})
_UNCHECKED = (1).to_bytes(4, "little")  # the flags of a .pyc file that is known by a hash, which nobody checks
_PROGRAM_MODE = 0o700
_BUILDING = ".building"
# Written last; says what the runtime was made of and what it came to, so that damage shows.
_SEAL = "seal.json"
_SEAL_VERSION = 1
# One commit of the file system then serves many files: a tenth of the time.
_SYNCS_AT_ONCE = 16


def ensure_runtime(layout: StateLayout) -> str:
    """The directory with this very data plane, whole, built if need be. Raises EnvironmentFault, OSError."""
    sources = dict(_sources())
    digest = _digest(sources)
    for directory in _built(layout):
        if _sealed(directory).get("sources") == digest and is_whole(directory):
            return directory
    free = next(place for place in _places(layout, digest) if not os.path.lexists(place))
    return _build(layout, free, sources, digest)


def is_whole(directory: str) -> bool:
    """Whether the runtime is there and as it was built: every file, what was compiled too."""
    try:
        return _sealed(directory).get("files") == _digest(_files(directory))
    except OSError:
        return False


def sweep_runtimes(layout: StateLayout, *, keep: str) -> None:
    """Removes what a crash left, and each other runtime that no instance holds (see the launcher)."""
    for name in os.listdir(layout.runtime_dir):
        path = os.path.join(layout.runtime_dir, name)
        if path != keep and os.path.isdir(path):
            _remove_unused(path)


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
            if file.endswith(_COPIED) or file in _PROGRAMS:
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


def _built(layout: StateLayout) -> Iterator[str]:
    """The finished runtimes of this version and interpreter."""
    make_private_dir(layout.runtime_dir)
    for name in sorted(os.listdir(layout.runtime_dir)):
        if name.startswith(runtime_name()) and not name.endswith(_BUILDING):
            yield f"{layout.runtime_dir}/{name}"


def _places(layout: StateLayout, digest: str) -> Iterator[str]:
    """Where this data plane may be built: under the plain name, unless that holds something else or is damaged."""
    name = f"{layout.runtime_dir}/{runtime_name()}"
    yield name
    for number in itertools.count(1):
        yield f"{name}.{digest[:8]}.{number}"


def _files(directory: str) -> dict[str, str]:
    """(path in the runtime, its path) of every file of a runtime, without the seal."""
    return {
        os.path.relpath(os.path.join(parent, file), directory): os.path.join(parent, file)
        for parent, _, files in os.walk(directory)
        for file in files
        if file != _SEAL
    }


def _digest(files: dict[str, str]) -> str:
    total = hashlib.sha256()
    for name in sorted(files):
        with open(files[name], "rb") as file:
            total.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _build(layout: StateLayout, directory: str, sources: dict[str, str], digest: str) -> str:
    building = f"{directory}{_BUILDING}"
    try:
        shutil.rmtree(building, ignore_errors=True)
        with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
            synced = [pool.submit(_sync, path) for path in _copied(building, directory, sources)]
        for each in synced:
            each.result()
        for parent, _, _ in os.walk(building):
            fsync_dir(parent)
        _seal(building, digest)
        os.rename(building, directory)
        fsync_dir(layout.runtime_dir)
    except OSError as error:
        shutil.rmtree(building, ignore_errors=True)
        raise EnvironmentFault(
            f"the runtime {directory} cannot be written: {error.strerror}",
            "Make room or give the right to write there.",
        ) from error
    return directory


def _copied(building: str, directory: str, sources: dict[str, str]) -> Iterator[str]:
    """Copies and compiles everything; each path as soon as it is written.

    A power cut must not leave a launcher that names empty files: each is synced while the next are written.
    """
    for name, source in sources.items():
        copy = os.path.join(building, name)
        make_private_dir(os.path.dirname(copy))
        shutil.copyfile(source, copy)
        if os.path.basename(name) in _PROGRAMS:
            os.chmod(copy, _PROGRAM_MODE)
        yield copy
        if name.endswith(".py"):
            yield _compile(source, copy, os.path.join(directory, name))


def _compile(source: str, copy: str, path: str) -> str:
    """Writes the copy's bytecode, from that of the source where it is there and fresh; returns its path.

    path: where the copy will lie.  Unchecked (PEP 552): the copy is never edited, so a start need not compare times.
    """
    code = importlib.machinery.SourceFileLoader("", source).get_code("")
    if not isinstance(code, CodeType):
        raise EnvironmentFault(f"{source} cannot be compiled", "Install mcpgw again.")
    compiled = importlib.util.cache_from_source(copy)
    make_private_dir(os.path.dirname(compiled))
    with open(compiled, "xb") as file:
        file.write(importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(read_bytes(copy)))
        file.write(marshal.dumps(_moved(code, path)))
    return compiled


def _moved(code: CodeType, path: str) -> CodeType:
    """The same code, which says in tracebacks that it lies in `path`."""
    inner = (_moved(each, path) if isinstance(each, CodeType) else each for each in code.co_consts)
    return code.replace(co_filename=path, co_consts=tuple(inner))


def _sync(path: str) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _seal(building: str, digest: str) -> None:
    seal = {"v": _SEAL_VERSION, "sources": digest, "files": _digest(_files(building))}
    write_atomic(f"{building}/{_SEAL}", json.dumps(seal).encode() + b"\n")


def _sealed(directory: str) -> dict[str, Any]:
    """What the seal says; empty where there is none that this version can read."""
    try:
        seal = json.loads(read_bytes(f"{directory}/{_SEAL}"))
    except (OSError, ValueError):
        return {}
    return seal if isinstance(seal, dict) and seal.get("v") == _SEAL_VERSION else {}


def _remove_unused(directory: str) -> None:
    """Removes a runtime unless an instance holds its lock, or its file system cannot say."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(descriptor)
