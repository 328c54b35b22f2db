"""What one life of a server leaves to the next: what it was told, and what it said of itself. Pure.

Digests are of what the server sent, before anything was redacted, so that a difference is the server's own.
"""

from __future__ import annotations

import json
from _blake2 import blake2b  # hashlib would load OpenSSL: 4 MB in every gateway

from mcpgw.audit.record import quote
from mcpgw.protocol.message import Kind, with_id
from mcpgw.protocol.methods import (
    INITIALIZE,
    INITIALIZED,
    SET_LEVEL,
    SUBSCRIBE,
    TOOLS_LIST,
    UNSUBSCRIBE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mcpgw.protocol.message import Message

REMEMBERED = frozenset({INITIALIZE, INITIALIZED, SET_LEVEL, SUBSCRIBE, UNSUBSCRIBE, TOOLS_LIST})
# What a client relies on after the handshake.
_AGREED = ("protocolVersion", "capabilities", "serverInfo")
_LISTS = ("tools", "prompts", "resources")  # capabilities that can declare `listChanged`
# More than any client subscribes to; what comes later is not subscribed again after a restart.
MAX_SUBSCRIPTIONS = 1_000
MAX_PAGES = 1_000
MAX_NAMED = 5

Digests = dict[str, str]


class ToolList:
    """Puts a tools/list together from its pages."""

    def __init__(self) -> None:
        self._tools: Digests = {}
        self._cursor: str | None = None
        self._pages = 0

    def add(self, asked_with: str | None, result: Any) -> Digests | None:
        """The digests of all tools, by name, once the last page is there. asked_with: the page's cursor."""
        if asked_with is None:
            self._tools, self._pages = {}, 0
        elif asked_with != self._cursor:
            return None
        tools = result.get("tools") if isinstance(result, dict) else None
        for tool in tools if isinstance(tools, list) else ():
            self._tools[_name_of(tool)] = _digest(tool)
        self._pages += 1
        cursor = result.get("nextCursor") if isinstance(result, dict) else None
        self._cursor = cursor if isinstance(cursor, str) and self._pages < MAX_PAGES else None
        return None if self._cursor is not None else dict(self._tools)

    @property
    def next_cursor(self) -> str | None:
        return self._cursor


class Continuity:
    """The memory of one session, of which a new life of its server is told."""

    def __init__(self) -> None:
        self.initialize: Message | None = None
        self.initialized: Message | None = None
        self.level: Message | None = None
        self.subscriptions: dict[str, Message] = {}
        self.first_list: Message | None = None
        self.tools: Digests | None = None
        self._agreed: Digests | None = None
        self._declared: tuple[str, ...] = ()
        self._asking: dict[str, Message] = {}
        self._list = ToolList()

    def passed(self, message: Message, request_id: str | None) -> None:
        """A message of REMEMBERED was forwarded. request_id: id (JSON text) of the request that it answers."""
        if message.kind is Kind.REQUEST:
            if len(self._asking) < MAX_SUBSCRIPTIONS:
                self._asking[message.id_text or ""] = message
        elif message.kind is Kind.NOTIFICATION:
            self.initialized = message
        else:
            asked = self._asking.pop(request_id or "", None)
            if asked is not None and message.kind is Kind.RESULT:
                self._agreed_to(asked, message.members["result"])

    def forget_open(self) -> None:
        """What was asked and not answered will not be answered any more."""
        self._asking.clear()

    def told_again(self) -> list[Message]:
        """The requests that follow the handshake: the log level and what is subscribed to."""
        return [*([self.level] if self.level else ()), *self.subscriptions.values()]

    def handshake_differs(self, result: Any) -> list[str]:
        """What a new handshake says otherwise than the first."""
        now = _agreed(result)
        return [key for key in _AGREED if self._agreed is not None and now[key] != self._agreed[key]]

    def tools_differ(self, now: Digests) -> list[str]:
        """Names of tools that are new, gone or defined in another way, fit to be shown."""
        before = self.tools or {}
        changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        return [_shown(name) for name in changed]

    def news(self) -> list[bytes]:
        """What the client is to look at again: lists that were declared to change, resources that it subscribed to."""
        frames = [_notification(f"notifications/{name}/list_changed") for name in self._declared]
        updated = "notifications/resources/updated"
        return frames + [_notification(updated, f'{{"uri":{quote(uri)}}}') for uri in self.subscriptions]

    def _agreed_to(self, asked: Message, result: Any) -> None:
        uri = asked.params.get("uri")
        if asked.method == INITIALIZE:
            self.initialize, self.initialized = asked, None
            self._agreed, self._declared = _agreed(result), _declared(result)
        elif asked.method == SET_LEVEL:
            self.level = asked
        elif asked.method == SUBSCRIBE and isinstance(uri, str) and len(self.subscriptions) < MAX_SUBSCRIPTIONS:
            self.subscriptions[uri] = asked
        elif asked.method == UNSUBSCRIBE and isinstance(uri, str):
            self.subscriptions.pop(uri, None)
        elif asked.method == TOOLS_LIST and self.tools is None:
            cursor = asked.params.get("cursor")
            self.first_list = asked if cursor is None else self.first_list
            self.tools = self._list.add(cursor, result)


def again(message: Message, number: str) -> bytes:
    """The client's own request under an id of the gateway's."""
    return with_id(message.raw, quote(number))


def next_page(first: Message, cursor: str, number: str) -> bytes:
    """The request for a later page, with whatever else stood in that for the first."""
    params = json.dumps({**first.params, "cursor": cursor})
    return f'{{"jsonrpc":"2.0","id":{quote(number)},"method":{quote(TOOLS_LIST)},"params":{params}}}\n'.encode()


def cancellation(request_id: str, reason: str) -> bytes:
    """request_id: JSON text of the id."""
    return _notification("notifications/cancelled", f'{{"requestId":{request_id},"reason":{quote(reason)}}}')


def summary(differences: list[str]) -> str:
    """A few of the differences, in one line."""
    more = len(differences) - MAX_NAMED
    return ", ".join(differences[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _notification(method: str, params: str = "") -> bytes:
    body = f',"params":{params}' if params else ""
    return f'{{"jsonrpc":"2.0","method":{quote(method)}{body}}}\n'.encode()


def _agreed(result: Any) -> Digests:
    said: Mapping[str, Any] = result if isinstance(result, dict) else {}
    return {key: _digest(said.get(key)) for key in _AGREED}


def _declared(result: Any) -> tuple[str, ...]:
    """The lists whose changes the server said it would announce."""
    capabilities = result.get("capabilities") if isinstance(result, dict) else None
    if not isinstance(capabilities, dict):
        return ()
    found = ((name, capabilities.get(name)) for name in _LISTS)
    return tuple(name for name, said in found if isinstance(said, dict) and said.get("listChanged") is True)


def _name_of(tool: Any) -> str:
    name = tool.get("name") if isinstance(tool, dict) else None
    return name if isinstance(name, str) else ""


def _digest(value: Any) -> str:
    canonical = json.dumps(value, sort_keys=True).encode("utf-8", "surrogatepass")
    return blake2b(canonical, digest_size=32).hexdigest()


def _shown(name: str) -> str:
    """A tool's name where it is one; a server could put anything there."""
    plain = name.replace("-", "").replace("_", "").replace(".", "").replace("/", "")
    return f"tool {name}" if len(name) <= 64 and plain.isascii() and plain.isalnum() else "a tool with an odd name"


def own_id(mark: str, number: int) -> str:
    """An id of the gateway's own. mark: drawn once for each gateway, so that no peer has it by chance."""
    return f"mcpgw-{mark}-{number}"


def key_of(own: str) -> str:
    """The table key of such an id."""
    return '"' + own
