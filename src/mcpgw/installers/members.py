"""A member is put into an object, or taken out of it, with the comma that joins it; comments stay.

Taking out what was put into an untouched file gives back its bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from mcpgw.installers.edits import Edit
from mcpgw.installers.layout import Style, indent_of, indented, style_below, style_of
from mcpgw.registry.document import Document, Member, Node


def insert_member(document: Document, node: Node, key: str, value: bytes) -> tuple[Edit, ...]:
    """Adds one member; see `insert_members`."""
    return insert_members(document, node, {key: value})


def insert_members(document: Document, node: Node, members: Mapping[str, bytes]) -> tuple[Edit, ...]:
    """Adds members to the end of a JSON or JSONC object that is looked into, laid out like those that are there.

    Each value is JSON text; the lines of a longer one are indented anew. All members of one object go in one call.
    """
    if node.members:
        last = node.members[-1]
        text = b"".join(b"," + each for each in _written(document, members, style_of(document, last)))
        return (Edit(last.value.end, last.value.end, text),)
    style = style_below(document, node)
    if node.end - node.start > len(b"{}"):
        # The space or the comments within stay behind the new members, so that taking those out leaves them.
        style = Style(b"", style.colon)
    line_end = style.space[: style.space.find(b"\n") + 1]
    closing = line_end + indent_of(document, node.start) if line_end else b""
    text = b",".join(_written(document, members, style)) + closing
    return (Edit(node.start + 1, node.start + 1, text),)


def remove_member(document: Document, node: Node, member: Member) -> tuple[Edit, ...]:
    """Takes one member out; see `remove_members`."""
    return remove_members(document, node, (member,))


def remove_members(document: Document, node: Node, gone: Collection[Member]) -> tuple[Edit, ...]:
    """Takes members out of an object; of a TOML table only `key = value` members."""
    kept = [member for member in node.members or () if member not in gone]
    if gone and not kept:
        return _emptied(document, node)
    return tuple(edit for member in gone for edit in _removed(document, node, member, kept[0]))


def without(document: Document, start: int, end: int, pieces: Iterable[tuple[int, int]]) -> tuple[Edit, ...]:
    """Removes the bytes `start:end`; where comments stand among them, only the `pieces`."""
    if document.bare(start, end) == document.content[start:end]:
        return (Edit(start, end, b""),)
    return tuple(Edit(*piece, b"") for piece in pieces)


def behind_comma(document: Document, start: int, end: int) -> int:
    """The end of the comma in `start:end`, where no value lies; `start` when there is none."""
    return start + document.bare(start, end).find(b",") + 1


def _written(document: Document, members: Mapping[str, bytes], style: Style) -> Iterator[bytes]:
    for key, value in members.items():
        yield style.space + document.text(key) + style.colon + indented(value, style.space)


def _removed(document: Document, node: Node, member: Member, first_kept: Member) -> tuple[Edit, ...]:
    if member.statement:
        return (_removed_statement(document.content, member),)
    start, end = member.start, member.value.end
    if start > first_kept.start:
        before = max(each.value.end for each in node.members or () if each.value.end <= start)
        comma = before + document.bare(before, start).rindex(b",")
        return without(document, comma, end, ((comma, comma + 1), (start, end)))
    following = min(each.start for each in node.members or () if each.start >= end)
    comma_end = behind_comma(document, end, following)
    return without(document, start, following, ((start, end), (comma_end - 1, comma_end)))


def _removed_statement(content: bytes, member: Member) -> Edit:
    """The statement with the line break before it, so that a comment behind it stays."""
    line = content.rfind(b"\n", 0, member.start)
    if line < 0:
        return Edit(member.start, member.value.end, b"")
    start = line - 1 if content[line - 1 : line] == b"\r" else line
    return Edit(start, member.value.end, b"")


def _emptied(document: Document, node: Node) -> tuple[Edit, ...]:
    members = node.members or ()
    starts = [*(member.start for member in members[1:]), node.end - 1]
    ends = [behind_comma(document, each.value.end, after) for each, after in zip(members, starts, strict=True)]
    pieces = [
        piece
        for member, end in zip(members, ends, strict=True)
        for piece in ((member.start, member.value.end), (max(member.value.end, end - 1), end))
    ]
    # Members right behind the brace were put before what the empty object held.
    in_front = members[0].start == node.start + 1
    return without(document, node.start + 1, ends[-1] if in_front else node.end - 1, pieces)
