"""One config file, from bytes to entries; a broken file becomes a problem and is never taken for an empty one."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace

from mcpgw.errors import ConfigFault, EnvironmentFault
from mcpgw.files import read_bytes
from mcpgw.registry.client import ConfigFile, Container, Problem, Reading, with_parents
from mcpgw.registry.dialect import meaning
from mcpgw.registry.document import Document, Node, read_document, shape_of
from mcpgw.registry.entry import Entry, Scope, entry_id


def read_file(file: ConfigFile, known: Mapping[str, Document] | None = None) -> Reading:
    """Reads one client file; absent is not a problem, anything else that is no good document is.

    known: documents by path; one that holds what is in the file now is not made anew.
    """
    try:
        content = read_bytes(file.path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return Reading(file)
        return Reading(file, problem=unreadable(file.path, error, blocking=file.editable))
    found = None if known is None else known.get(file.path)
    try:
        document = found if found is not None and found.content == content else open_document(file, content)
        tuple(entries_of(file, document))
    except ConfigFault as fault:
        return Reading(file, problem=Problem(file.path, fault.message, fault.next_step, file.editable))
    return Reading(file, document)


def unreadable(path: str, error: OSError, *, blocking: bool) -> Problem:
    message = f"{path} cannot be read: {error.strerror}"
    next_step = "Give yourself the right to read it." if error.errno == errno.EACCES else "Look at what lies there."
    return Problem(path, message, next_step, blocking, EnvironmentFault)


def open_document(file: ConfigFile, content: bytes) -> Document:
    """The document of this file's shape. Raises ConfigFault with file:line:column."""
    shape = shape_of((container.path for container in file.containers), file.dialect.shape)
    return read_document(content, shape, path=file.path, syntax=file.syntax)


def entries_of(file: ConfigFile, document: Document) -> Iterator[tuple[Entry, Node]]:
    """Every entry of the file and its place in it. Raises ConfigFault where a container is not an object."""
    for container in file.containers:
        for key, node in document.find(container.path):
            for member in node.members or ():
                name = container.prefix + member.key
                entry = entry_from(file, container.scope, key, name, document, member.value)
                yield replace(entry, misplaced=_misplaced(entry, container, member.key)), member.value


def entry_from(file: ConfigFile, scope: Scope, project: str | None, name: str, document: Document, node: Node) -> Entry:
    """One entry; what its client would skip is INVALID and says why."""
    found = meaning(document.value(node), file.dialect)
    return Entry(
        client=file.client,
        scope=scope,
        config_file=file.path,
        project_key=project,
        name=name,
        transport=found.transport,
        command=found.command,
        args=found.args,
        env_keys=found.env_keys,
        url=found.url,
        value=document.raw(node).decode("utf-8", "replace"),
        note=found.note,
        several=file.several,
        standing=found.standing or file.untouched,
    )


def _misplaced(entry: Entry, container: Container, key: str) -> bool:
    """Whether the id that a shadow carries names no shared entry of its name in its project or above it."""
    wrapped = entry.wrapped
    if wrapped is None or not wrapped.shadow:
        return False
    client = wrapped.entry_id.partition(":")[0]
    directories = () if container.shared_file is None else with_parents(entry.project_key or "")
    files = (os.path.join(each, container.shared_file or "") for each in directories)
    return all(entry_id(client, Scope.PROJECT, key, file, None) != wrapped.entry_id for file in files)
