"""One reading of JSON: what two parsers could read differently is noticed here, never guessed (RFC 8259, RFC 7493)."""

from __future__ import annotations

import json

from mcpgw.expressions import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SPACES = frozenset(" \t\r\n")
_space = expression(r"[ \t\r\n]*")


def _skip_space(text: str, at: int) -> int:
    if text[at : at + 1] not in _SPACES:
        return at
    match = _space.match(text, at)
    return at if match is None else match.end()


_surrogate_escape = expression(rb"\\u[dD][89a-fA-F]")


class NotStrict(ValueError):
    """The text is not JSON, or two parsers could read it differently. Its message never quotes the text."""


class Lexeme(str):
    """An integer too long for int(), kept as the text that stood in the frame."""

    __slots__ = ()


class RepeatedKeys(dict):  # type: ignore[type-arg]
    """An object in which a key stands twice; `pairs` holds every occurrence in order."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else RepeatedKeys(pairs)


def _refuse_constant(name: str) -> None:
    raise NotStrict(f"{name} is not JSON")


def _scanner(**options: Any) -> Callable[[str, int], tuple[Any, int]]:
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant, **options)
    return decoder.scan_once  # type: ignore[attr-defined,no-any-return]


_scan = _scanner()
# int() refuses over 4,300 digits; such a number is kept as text.
_scan_long_integers = _scanner(parse_int=Lexeme)


def parse_value(text: str, start: int) -> tuple[Any, int]:
    """The JSON value at `start` and the index after it. Raises NotStrict."""
    try:
        return _scan(text, start)
    except (StopIteration, json.JSONDecodeError):
        raise NotStrict("not valid JSON") from None
    except RecursionError:
        raise NotStrict("nested too deeply") from None
    except NotStrict:
        raise
    except ValueError:
        return _scan_long_integers(text, start)


def parse_object(text: str) -> dict[str, Any]:
    """The one object that `text` is. Raises NotStrict, also for a key that stands twice at its first level."""
    value, end = parse_value(text, _skip_space(text, 0))
    if type(value) is not dict:
        raise NotStrict("a key of the message stands twice" if isinstance(value, dict) else "not a JSON object")
    if text[end:] != "\n" and _skip_space(text, end) != len(text):
        raise NotStrict("something follows the message on its line")
    return value


def parse_elements(text: str) -> list[tuple[int, int]]:
    """Where each element of the one array that `text` is stands. Raises NotStrict."""
    at = _skip_space(text, _skip_space(text, 0) + 1)
    spans: list[tuple[int, int]] = []
    closed = text[at : at + 1] == "]"
    while not closed:
        _, end = parse_value(text, at)
        spans.append((at, end))
        at = _skip_space(text, end)
        closed = text[at : at + 1] == "]"
        if not closed:
            if text[at : at + 1] != ",":
                raise NotStrict("not valid JSON")
            at = _skip_space(text, at + 1)
    if _skip_space(text, at + 1) != len(text):
        raise NotStrict("something follows the batch on its line")
    return spans


def member_span(text: str, key: str) -> tuple[int, int] | None:
    """Where the value of `key` stands in the one object that `text` is, as `parse_object` read it; None: not there."""
    at = _skip_space(text, _skip_space(text, 0) + 1)
    while text[at] != "}":
        name, end = parse_value(text, at)
        start = _skip_space(text, _skip_space(text, end) + 1)
        _, end = parse_value(text, start)
        if name == key:
            return start, end
        at = _skip_space(text, end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)
    return None


def depth_exceeds(value: Any, limit: int, raw: bytes) -> bool:
    """Whether containers are nested deeper than `limit`, `value` itself being level 1."""
    if raw.count(b"[") + raw.count(b"{") <= limit:
        return False
    level = [value]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


# A backslash and what belongs to it; runs of \\uXXXX together, so that pairs can be told from halves.
_escapes = expression(r"(?:\\u[0-9a-fA-F]{4})+|\\.")


UNICODE_ESCAPE_CHARS = 6  # \uXXXX


def has_lone_surrogate(text: str, raw: bytes) -> bool:
    """Whether a string of the frame holds half a surrogate pair written as an escape. text: the frame, decoded."""
    if not _surrogate_escape.search(raw):
        return False
    return any(_replace_halves(run.group()) != run.group() for run in _escapes.finditer(text))


def replace_lone_surrogates(text: str) -> str:
    """`text` with each half of a pair replaced by the escape of U+FFFD; nothing moves, since both have six letters."""
    return _escapes.sub(lambda run: _replace_halves(run.group()), text)


def _replace_halves(escapes: str) -> str:
    if len(escapes) < UNICODE_ESCAPE_CHARS:  # a simple escape, or a \u that is not one: the parser refuses it
        return escapes
    units = [escapes[at : at + UNICODE_ESCAPE_CHARS] for at in range(0, len(escapes), UNICODE_ESCAPE_CHARS)]
    at = 0
    while at < len(units):
        code = int(units[at][2:], 16)
        follows = int(units[at + 1][2:], 16) if at + 1 < len(units) else 0
        if 0xD800 <= code <= 0xDBFF and 0xDC00 <= follows <= 0xDFFF:
            at += 1
        elif 0xD800 <= code <= 0xDFFF:
            units[at] = "\\ufffd"
        at += 1
    return "".join(units)


def repeated_keys(value: Any, *, fold_case: bool) -> bool:
    """Whether an object below `value` (included) holds a key twice (fold_case: or two that differ in case only)."""
    if type(value) is dict and len(value) == 1 and not isinstance(next(iter(value.values())), (dict, list)):
        return False  # the usual call: one plain argument
    for node in containers(value):
        if isinstance(node, RepeatedKeys):
            return True
        if fold_case and len(node) > 1 and isinstance(node, dict) and len({*map(str.casefold, node)}) != len(node):
            return True
    return False


def holds_text(value: Any, text: str, *, keys_only: bool = False) -> bool:
    """Whether `text` stands in a key below `value` (included), or in a string of it."""
    for node in containers(value):
        if isinstance(node, dict) and any(text in key for key in node):
            return True
        if not keys_only and any(isinstance(child, str) and text in child for child in children(node)):
            return True
    return False


def containers(value: Any) -> list[dict[str, Any] | list[Any]]:
    """Every object and array below `value`, itself included, without recursion."""
    found = [value] if isinstance(value, (dict, list)) else []
    for node in found:
        found.extend(child for child in children(node) if isinstance(child, (dict, list)))
    return found


def children(node: dict[str, Any] | list[Any]) -> list[Any]:
    """The values right below; every occurrence where a key stands twice."""
    if isinstance(node, RepeatedKeys):
        return [value for _, value in node.pairs]
    return list(node.values()) if isinstance(node, dict) else node
