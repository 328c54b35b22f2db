"""Everything that a policy is made of, read once; a file's size and time are taken before its content is."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from pydantic import BaseModel

from mcpgw.config.fault import Fault, SourceFault, did_you_mean, raise_if_any
from mcpgw.config.load import Document, read_document, validate
from mcpgw.config.packs import DEFAULT_PACK, Pack, default_pack, read_pack, repeated_ids
from mcpgw.config.schema import ConfigFile, OverlayFile, PolicyFile
from mcpgw.paths import StateLayout

Model = TypeVar("Model", bound=BaseModel, covariant=True)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A source as it was just before it was read; size and mtime_ns are None where it did not exist."""

    path: str
    size: int | None
    mtime_ns: int | None


@dataclass(frozen=True, slots=True)
class ValidFile(Generic[Model]):
    """A file that satisfies its model, with the text's places for later faults."""

    document: Document
    content: Model


@dataclass(frozen=True, slots=True)
class PolicySources:
    """What the files say. overlays: (name below the state directory, content), by file name."""

    config: ConfigFile
    overlays: tuple[tuple[str, OverlayFile], ...]
    packs: tuple[Pack, ...]


def stamp(path: str) -> Stamp:
    """The file's size and time now; what cannot be looked at counts as absent, as it does in the data plane."""
    try:
        found = os.stat(path)
    except OSError:
        return Stamp(path, None, None)
    return Stamp(path, found.st_size, found.st_mtime_ns)


def stamp_sources(layout: StateLayout) -> tuple[Stamp, ...]:
    """Every file that the policy is made of, absent ones too, but not the default pack: it comes with the release."""
    paths = [
        layout.config_file,
        layout.rules_dir,
        *_overlay_paths(layout, []),
        layout.ledger_file,
        *_named_packs(layout),
    ]
    return tuple(stamp(path) for path in paths)


def overlay_paths(layout: StateLayout) -> tuple[str, ...]:
    """rules/*.toml by name; hidden files are an editor's. Raises SourceFault."""
    try:
        names = sorted(os.listdir(layout.rules_dir))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SourceFault([Fault(layout.rules_dir, 0, "", f"cannot be read: {error.strerror}")]) from None
    return tuple(f"{layout.rules_dir}/{name}" for name in names if name.endswith(".toml") and not name.startswith("."))


def read_sources(layout: StateLayout) -> PolicySources:
    """All sources, valid each and together. Raises SourceFault with the faults of all files."""
    faults: list[Fault] = []
    config = _collect(faults, partial(_read_config, layout))
    overlays = [file for path in _overlay_paths(layout, faults) if (file := _read_file(path, OverlayFile, faults))]
    if config is None:
        # What packs there are is not known, so rule ids cannot be judged either.
        raise SourceFault(faults)
    packs = _read_packs(layout, config, faults)
    if not faults:
        known = [rule["id"] for pack in packs for rule in pack.rules]
        faults += (fault for file in (config, *overlays) for fault in _unknown_rules(file, known))
    raise_if_any(faults)
    named = ((f"rules/{os.path.basename(overlay.document.path)}", overlay.content) for overlay in overlays)
    return PolicySources(config.content, tuple(named), packs)


def pack_path(layout: StateLayout, name: str) -> str:
    """The absolute path of a pack that config.toml names."""
    return os.path.normpath(os.path.join(layout.root, name))


def _read_config(layout: StateLayout) -> ValidFile[ConfigFile]:
    """config.toml, or the defaults where there is none. Raises SourceFault."""
    path = layout.config_file
    document = read_document(path) if os.path.lexists(path) else Document(path, {}, {})
    return ValidFile(document, validate(document, ConfigFile))


def _overlay_paths(layout: StateLayout, faults: list[Fault]) -> tuple[str, ...]:
    return _collect(faults, partial(overlay_paths, layout)) or ()


def _read_file(path: str, model: type[Model], faults: list[Fault]) -> ValidFile[Model] | None:
    document = _collect(faults, partial(read_document, path))
    content = _collect(faults, partial(validate, document, model)) if document is not None else None
    return ValidFile(document, content) if document is not None and content is not None else None


def _named_packs(layout: StateLayout) -> tuple[str, ...]:
    """The packs that config.toml names, as far as it can be read."""
    config = _collect([], partial(_read_config, layout))
    names = config.content.packs if config is not None else ()
    return tuple(pack_path(layout, name) for name in names if "\0" not in name)


def _read_packs(layout: StateLayout, config: ValidFile[ConfigFile], faults: list[Fault]) -> tuple[Pack, ...]:
    """The default pack and those that config.toml names. What is wrong with them goes to `faults`."""
    paths = [DEFAULT_PACK]
    for index, name in enumerate(config.content.packs):
        path = pack_path(layout, name)
        if "\0" in name or not os.path.isfile(path):
            problem = "names no file; a path is relative to the state directory"
        elif path in paths:
            problem = "names a pack a second time"
        else:
            paths.append(path)
            continue
        faults.append(config.document.fault(("packs", index), problem))
    readers: list[Callable[[], Pack]] = [default_pack, *(partial(read_pack, path) for path in paths[1:])]
    found = [_collect(faults, reader) for reader in readers]
    packs = tuple(pack for pack in found if pack is not None)
    faults += repeated_ids(packs)
    return packs


def _unknown_rules(file: ValidFile[PolicyFile], known: list[str]) -> Iterator[Fault]:
    for rule in file.content.rules:
        if rule not in known:
            yield file.document.fault(("rules", rule), f"no pack has this rule{did_you_mean(rule, known)}")


def _collect(faults: list[Fault], read: Callable[[], Value]) -> Value | None:
    """What `read` returns; None and its faults noted where it raises SourceFault."""
    try:
        return read()
    except SourceFault as error:
        faults += error.faults
        return None


def load_config(layout: StateLayout) -> ConfigFile:
    """config.toml alone; the defaults where there is none. Raises SourceFault."""
    return _read_config(layout).content
