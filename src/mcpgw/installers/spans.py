"""An edit is a span: only `command` and `args` of an entry change, and all other bytes of the file stay as they are.

The original command and args stay in the rewritten args as the very text that the user wrote, so unwrapping an entry
that nobody touched gives back its bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from mcpgw.errors import ConfigFault
from mcpgw.registry.document import Document, Member, Node, elements, place
from mcpgw.registry.entry import unwrap, wrap, wrapper_length

_WHITESPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes `start:end` by `text`; an insertion has start == end."""

    start: int
    end: int
    text: bytes


def apply_edits(content: bytes, edits: Iterable[Edit]) -> bytes:
    """Performs the edits, from the end backwards. Raises ValueError when two overlap."""
    parts: list[bytes] = []
    limit = len(content)
    for edit in sorted(edits, key=lambda each: (each.start, each.end), reverse=True):
        if edit.end > limit:
            raise ValueError("two edits overlap")
        parts += (content[edit.end : limit], edit.text)
        limit = edit.start
    parts.append(content[:limit])
    return b"".join(reversed(parts))


def reversal(content: bytes, edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """The edits that turn `apply_edits(content, edits)` back into `content`, byte for byte."""
    back: list[Edit] = []
    shift = 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        start = edit.start + shift
        back.append(Edit(start, start + len(edit.text), content[edit.start : edit.end]))
        shift += len(edit.text) - (edit.end - edit.start)
    return tuple(back)


def wrap_edits(document: Document, entry: Node, entry_id: str, launcher: str) -> tuple[Edit, ...]:
    """Routes a stdio entry: the launcher becomes the command, and the original moves behind `--` in args."""
    command = _required(document, entry, "command")
    new_command = Edit(command.value.start, command.value.end, _text(launcher))
    args = entry.member("args")
    if args is None:
        return (new_command, _inserted_args(document, command, entry_id))
    new_args = _wrapped_args(document, args.value, command, entry_id)
    return (new_command, Edit(args.value.start, args.value.end, new_args))


def unwrap_edits(document: Document, entry: Node) -> tuple[Edit, ...]:
    """Puts the original back, read off the entry's own args; what was added to args since is kept.

    The entry must be one of ours. Raises ConfigFault where it is not.
    """
    command, args = _required(document, entry, "command"), _required(document, entry, "args")
    items = elements(document, args.value)
    texts = tuple(str(document.value(item)) for item in items)
    original = unwrap(texts)
    if original is None:
        where = f"{document.path}:{place(document.content, entry.start)}"
        raise ConfigFault(f"{where}: this entry is not routed", "Look at `mcpgw list`.")
    ours = wrapper_length(texts)
    back = Edit(command.value.start, command.value.end, document.raw(items[ours - 1]))
    if original.args is None:
        return (back, _removed_args(entry, args))
    return (back, _unwrapped_args(document, args.value, items[ours:], items[ours - 1].end))


def repoint_edits(document: Document, entry: Node, entry_id: str, launcher: str) -> tuple[Edit, ...]:
    """Gives a routed entry the present launcher and its own id (it was copied, renamed, or the state moved)."""
    command, args = _required(document, entry, "command"), _required(document, entry, "args")
    item = elements(document, args.value)[2]
    wanted = ((command.value, launcher), (item, entry_id))
    return tuple(Edit(node.start, node.end, _text(text)) for node, text in wanted if document.value(node) != text)


def _wrapped_args(document: Document, args: Node, command: Member, entry_id: str) -> bytes:
    """Our arguments before the user's, one a line where theirs are."""
    inner = document.raw(args)[1:-1]
    rest = inner.lstrip(_WHITESPACE)
    lead = inner[: len(inner) - len(rest)]
    separator = b"," + (lead if b"\n" in lead and rest else _gap(document, command))
    ours = separator.join(_prefix(document, command, entry_id, without_args=False))
    if not rest:
        return b"[" + ours + inner + b"]"
    # The space behind the bracket is kept: it is what unwrapping puts before the user's first argument again.
    return b"[" + lead + ours + separator + rest + b"]"


def _unwrapped_args(document: Document, args: Node, kept: tuple[Node, ...], ours_end: int) -> Edit:
    if not kept:
        return Edit(args.start + 1, ours_end, b"")
    first_of_ours = elements(document, args)[0].start
    return Edit(first_of_ours, kept[0].start, b"")


def _inserted_args(document: Document, command: Member, entry_id: str) -> Edit:
    """An `args` member right behind `command`, laid out like it."""
    content = document.content
    before = content[: command.start]
    space = before[len(before.rstrip(_WHITESPACE)) :]
    colon = content[command.start : command.value.start].rpartition(b'"')[2]
    separator = b"," + _gap(document, command)
    array = b"[" + separator.join(_prefix(document, command, entry_id, without_args=True)) + b"]"
    return Edit(command.value.end, command.value.end, b"," + space + b'"args"' + colon + array)


def _removed_args(entry: Node, args: Member) -> Edit:
    """Takes the member out with the comma that joins it to its neighbour."""
    members = entry.members or ()
    index = members.index(args)
    if index:
        return Edit(members[index - 1].value.end, args.value.end, b"")
    return Edit(args.start, members[index + 1].start, b"")


def _prefix(document: Document, command: Member, entry_id: str, *, without_args: bool) -> tuple[bytes, ...]:
    ours = wrap(entry_id, "", None if without_args else ())[:-1]
    return (*(_text(each) for each in ours), document.raw(command.value))


def _gap(document: Document, command: Member) -> bytes:
    """A space, unless the file is minified."""
    return b" " if document.content[command.value.start - 1 : command.value.start].isspace() else b""


def _text(value: str) -> bytes:
    # A path that is not valid Unicode holds lone surrogates; `\udcXX` is how JSON writes them.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _required(document: Document, entry: Node, key: str) -> Member:
    member = entry.member(key)
    if member is None:
        where = f"{document.path}:{place(document.content, entry.start)}"
        raise ConfigFault(f"{where}: the entry has no {key}", "Mend the entry and run it again.")
    return member
