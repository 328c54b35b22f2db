"""One config file, from bytes to entries; a broken file becomes a problem and is never taken for an empty one."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Any

from mcpgw.errors import ConfigFault, EnvironmentFault
from mcpgw.files import read_bytes
from mcpgw.registry.client import ConfigFile, Problem, Reading
from mcpgw.registry.document import Document, Node, Shape, read_document, shape_of
from mcpgw.registry.entry import Entry, Scope, Transport

# A key that decides what is started may not stand twice in an entry: readers would differ on which one counts.
ENTRY_SHAPE = Shape({"command": None, "args": None, "type": None, "url": None, "env": None})
_REMOTE_TYPES = {
    "http": Transport.HTTP,
    "streamable-http": Transport.HTTP,
    "sse": Transport.SSE,
    "ws": Transport.WS,
}


def read_file(file: ConfigFile) -> Reading:
    """Reads one client file; absent is not a problem, anything else that is no good document is."""
    try:
        content = read_bytes(file.path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return Reading(file)
        return Reading(file, problem=unreadable(file.path, error, blocking=file.editable))
    try:
        document = open_document(file, content)
        tuple(entries_of(file, document))
    except ConfigFault as fault:
        return Reading(file, problem=Problem(file.path, fault.message, fault.next_step, file.editable))
    return Reading(file, document)


def unreadable(path: str, error: OSError, *, blocking: bool) -> Problem:
    message = f"{path} cannot be read: {error.strerror}"
    return Problem(path, message, "Give yourself the right to read it.", blocking, EnvironmentFault)


def open_document(file: ConfigFile, content: bytes) -> Document:
    """The document of this file's shape. Raises ConfigFault with file:line:column."""
    shape = shape_of((container.path for container in file.containers), ENTRY_SHAPE)
    return read_document(content, shape, path=file.path, syntax=file.syntax)


def entries_of(file: ConfigFile, document: Document) -> Iterator[tuple[Entry, Node]]:
    """Every entry of the file and its place in it. Raises ConfigFault where a container is not an object."""
    for container in file.containers:
        for key, node in document.find(container.path):
            for member in node.members or ():
                yield (
                    entry_from(file, container.scope, key, container.prefix + member.key, document, member.value),
                    member.value,
                )


def entry_from(file: ConfigFile, scope: Scope, project: str | None, name: str, document: Document, node: Node) -> Entry:
    """One entry; what its client would skip is INVALID and says why."""
    value = document.value(node)
    text = document.raw(node).decode("utf-8", "replace")
    transport, note = _transport(value)
    fields: dict[str, Any] = value if isinstance(value, dict) else {}
    args, env = fields.get("args"), fields.get("env")
    return Entry(
        client=file.client,
        scope=scope,
        config_file=file.path,
        project_key=project,
        name=name,
        transport=transport,
        command=fields.get("command") if transport is Transport.STDIO else None,
        args=tuple(args) if transport is Transport.STDIO and args is not None else None,
        env_keys=tuple(env) if isinstance(env, dict) else (),
        url=fields.get("url") if transport not in (Transport.STDIO, Transport.INVALID) else None,
        value=text,
        note=note,
        several=file.several,
        standing=file.untouched,
    )


def _transport(value: Any) -> tuple[Transport, str | None]:
    if not isinstance(value, dict):
        return Transport.INVALID, "it is not an object"
    kind = value.get("type")
    if kind in _REMOTE_TYPES:
        return _remote(value, _REMOTE_TYPES[kind])
    if kind not in (None, "stdio"):
        return Transport.INVALID, "its type is not known"
    fault = _stdio_fault(value)
    return (Transport.INVALID, fault) if fault else (Transport.STDIO, None)


def _remote(value: dict[str, Any], transport: Transport) -> tuple[Transport, str | None]:
    if isinstance(value.get("url"), str):
        return transport, None
    return Transport.INVALID, "it has no url"


def _stdio_fault(value: dict[str, Any]) -> str | None:
    command, args, env = value.get("command"), value.get("args", []), value.get("env", {})
    if "command" not in value:
        return "it has a url but no type" if "url" in value else "it has no command"
    if not isinstance(command, str) or not command:
        return "its command is not a non-empty string"
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        return "its args are not a list of strings"
    if not isinstance(env, dict) or not all(isinstance(each, str) for each in env.values()):
        return "its env is not an object of strings"
    return None
