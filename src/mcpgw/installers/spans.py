"""Routing an entry changes its `command` and `args` only, and all other bytes of the file stay as they are.

The original command and args stay in the rewritten args as the very text that the user wrote, so unwrapping an entry
that nobody touched gives back its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mcpgw.errors import ConfigFault
from mcpgw.installers.edits import Edit
from mcpgw.installers.layout import gap, indent_of, last_break, style_of
from mcpgw.installers.members import behind_comma, remove_member, without
from mcpgw.registry.document import Document, Member, Node, Syntax, elements
from mcpgw.registry.entry import unwrap, wrap, wrapper_length
from mcpgw.registry.toml_reader import key_parts
from mcpgw.registry.tree import fault_at

_LINE_END = re.compile(rb"\r?\n")


def wrap_edits(
    document: Document, entry: Node, entry_id: str, launcher: str, *, shadow: bool = False
) -> tuple[Edit, ...]:
    """Routes a stdio entry: the launcher becomes the command, and the original moves behind `--` in args.

    shadow: it is the copy of a shared entry, and says so.
    """
    command = _required(document, entry, "command")
    new_command = Edit(command.value.start, command.value.end, document.text(launcher))
    args = entry.member("args")
    if args is None:
        ours = _prefix(document, command, wrap(entry_id, "", None, shadow=shadow))
        return (new_command, _inserted_args(document, command, ours))
    ours = _prefix(document, command, wrap(entry_id, "", (), shadow=shadow))
    return (new_command, _wrapped_args(document, args.value, command, ours))


def unwrap_edits(document: Document, entry: Node) -> tuple[Edit, ...]:
    """Puts the original back, read off the entry's own args; what was added to args since is kept.

    The entry must be one of ours. Raises ConfigFault where it is not.
    """
    command, args = _required(document, entry, "command"), _required(document, entry, "args")
    items = elements(document, args.value)
    texts = tuple(str(document.value(item)) for item in items)
    original = unwrap(texts)
    if original is None:
        raise _fault(document, entry, "this entry is not routed", "Look at `mcpgw list`.")
    ours = wrapper_length(texts)
    back = Edit(command.value.start, command.value.end, document.raw(items[ours - 1]))
    if original.args is None:
        return (back, *remove_member(document, entry, args))
    return (back, *_unwrapped_args(document, args.value, items, ours))


def repoint_edits(document: Document, entry: Node, entry_id: str, launcher: str) -> tuple[Edit, ...]:
    """Gives a routed entry the present launcher and its own id (it was copied, renamed, or the state moved).

    A shadow becomes an entry of its own.
    """
    command, args = _required(document, entry, "command"), _required(document, entry, "args")
    items = elements(document, args.value)
    wanted = ((command.value, launcher), (items[2], entry_id))
    new = (Edit(node.start, node.end, document.text(text)) for node, text in wanted if document.value(node) != text)
    original = unwrap(tuple(str(document.value(item)) for item in items))
    return (*new, *(_without_flag(document, items) if original is not None and original.shadow else ()))


def _wrapped_args(document: Document, args: Node, command: Member, ours: Sequence[bytes]) -> Edit:
    """Our arguments right before the user's first, one a line where theirs are."""
    items = elements(document, args)
    at = items[0].start if items else args.start + 1
    lead = document.content[args.start + 1 : at]
    separator = b"," + (last_break(lead) or gap(document, command))
    text = separator.join(ours)
    return Edit(at, at, text + separator if items else text)


def _unwrapped_args(document: Document, args: Node, items: tuple[Node, ...], ours: int) -> tuple[Edit, ...]:
    """Without our arguments; what stands before them is what stands before the user's first again."""
    start, end = items[0].start, args.end - 1
    if len(items) > ours:
        end = items[ours].start
    else:
        start, end = args.start + 1, behind_comma(document, items[-1].end, end)
    return without(document, start, max(end, items[ours - 1].end), _pieces(document, items[:ours], end))


def _without_flag(document: Document, items: tuple[Node, ...]) -> tuple[Edit, ...]:
    """Without the fourth argument."""
    start, end = items[3].start, items[4].start
    return without(document, start, end, _pieces(document, items[3:4], end))


def _pieces(document: Document, items: tuple[Node, ...], end: int) -> Iterator[tuple[int, int]]:
    """Each element and the comma behind it."""
    for item, following in zip(items, (*(each.start for each in items[1:]), end), strict=True):
        comma_end = behind_comma(document, item.end, following)
        yield item.start, item.end
        yield max(item.end, comma_end - 1), comma_end


def _inserted_args(document: Document, command: Member, ours: Sequence[bytes]) -> Edit:
    """An `args` member right behind `command`, laid out like it."""
    array = b"[" + (b"," + gap(document, command)).join(ours) + b"]"
    style = style_of(document, command)
    member = _args_key(document, command) + style.colon + array
    if command.statement:
        return _line_behind(document, command, member)
    return Edit(command.value.end, command.value.end, b"," + style.space + member)


def _args_key(document: Document, command: Member) -> bytes:
    """The key, behind the same dotted keys as `command` in TOML."""
    if document.syntax is not Syntax.TOML:
        return b'"args"'
    written = document.content[command.start : command.value.start]
    return written[: key_parts(written)[-1].start] + b"args"


def _line_behind(document: Document, command: Member, statement: bytes) -> Edit:
    """A line of its own behind that of `command`, ended and indented like it."""
    content = document.content
    match = _LINE_END.search(content, command.value.end)
    end = match.start() if match else len(content)
    line_end = match[0] if match else (_LINE_END.search(content) or [b"\n"])[0]
    return Edit(end, end, line_end + indent_of(document, command.start) + statement)


def _prefix(document: Document, command: Member, wrapper: tuple[str, ...]) -> tuple[bytes, ...]:
    """The texts that go before the user's arguments: the wrapper, its last word in the user's own spelling."""
    return (*(document.text(each) for each in wrapper[:-1]), document.raw(command.value))


def _required(document: Document, entry: Node, key: str) -> Member:
    member = entry.member(key)
    if member is None:
        raise _fault(document, entry, f"the entry has no {key}", "Mend the entry and run it again.")
    return member


def _fault(document: Document, entry: Node, why: str, next_step: str) -> ConfigFault:
    return fault_at(document.path, document.content, entry.start, why, next_step)
