"""Where the protocol gives a key a meaning, it stands once and in one spelling (else CVE-2026-27896 comes back)."""

from __future__ import annotations

from mcpgw.protocol import methods
from mcpgw.protocol.message import Kind
from mcpgw.protocol.methods import Direction
from mcpgw.protocol.strict_json import RepeatedKeys, holds_text, repeated_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mcpgw.protocol.message import Message

_REPEATED = "a key stands twice"
_CASE = "a key differs from a protocol key in case only"


def _folded(keys: frozenset[str]) -> frozenset[str]:
    return frozenset(key.casefold() for key in keys)


_KNOWN = {
    keys: _folded(keys)
    for keys in (
        methods.ENVELOPE_KEYS,
        methods.PARAMS_KEYS,
        methods.RESULT_KEYS,
        methods.ERROR_KEYS,
        methods.CONTENT_KEYS,
        methods.TOOL_KEYS,
    )
}
_CONTENT_LISTS = ("content", "contents")
_DEFINITION_LISTS = ("tools", "prompts", "resources", "resourceTemplates")


def find_ambiguity(message: Message, direction: Direction) -> str | None:
    """Why two parsers could read this message differently, or None. Server data (structuredContent, _meta) is free."""
    if message.plain:
        return None
    return _at_level(message.members, methods.ENVELOPE_KEYS) or _in_body(message, direction)


def _in_body(message: Message, direction: Direction) -> str | None:
    match message.kind:
        case Kind.REQUEST | Kind.NOTIFICATION:
            return _in_params(message.params, direction)
        case Kind.ERROR:
            return _at_level(message.members.get("error"), methods.ERROR_KEYS)
        case _:
            return _in_result(message.members.get("result"), direction)


def _in_params(params: dict[str, Any], direction: Direction) -> str | None:
    found = _at_level(params, methods.PARAMS_KEYS)
    if found is None and direction is Direction.TO_SERVER and repeated_keys(params.get("arguments"), fold_case=True):
        found = "keys of the arguments stand twice or differ in case only"
    return found or _in_messages(params.get("messages"))


def _in_result(result: Any, direction: Direction) -> str | None:
    found = _at_level(result, methods.RESULT_KEYS)
    if found is not None or not isinstance(result, dict):
        return found
    if direction is Direction.TO_SERVER and repeated_keys(result, fold_case=False):
        return _REPEATED
    for name in _CONTENT_LISTS:
        found = found or _in_content(result.get(name))
    for name in _DEFINITION_LISTS:
        found = found or _in_definitions(result.get(name))
    return found or _in_messages(result.get("messages"))


def _in_content(content: Any) -> str | None:
    if content is None:
        return None
    items = content if isinstance(content, list) else [content]
    for item in items:
        found = _at_level(item, methods.CONTENT_KEYS)
        if found is None and isinstance(item, dict) and "resource" in item:
            found = _at_level(item["resource"], methods.CONTENT_KEYS)
        if found is not None:
            return found
    return None


def _in_messages(messages: Any) -> str | None:
    if not isinstance(messages, list):
        return None
    for message in messages:
        if isinstance(message, dict):
            found = _REPEATED if isinstance(message, RepeatedKeys) else _in_content(message.get("content"))
            if found is not None:
                return found
    return None


def _in_definitions(definitions: Any) -> str | None:
    if not isinstance(definitions, list):
        return None
    if repeated_keys(definitions, fold_case=False):
        return _REPEATED
    for definition in definitions:
        found = _at_level(definition, methods.TOOL_KEYS)
        if found is not None:
            return found
    return None


def _at_level(node: Any, known: frozenset[str]) -> str | None:
    if type(node) is not dict:
        return _REPEATED if isinstance(node, RepeatedKeys) else None
    if known.issuperset(node):
        return None
    return _CASE if any(key.casefold() in _KNOWN[known] for key in node.keys() - known) else None


def repairable(message: Message) -> bool:
    """Whether U+FFFD stands only in strings of a result: never in a key, never in a field of the protocol."""
    if message.kind is not Kind.RESULT:
        return False
    fields = {key: value for key, value in message.members.items() if key != "result"}
    return not holds_text(fields, "�") and not holds_text(message.members["result"], "�", keys_only=True)
