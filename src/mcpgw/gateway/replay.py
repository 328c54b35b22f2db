"""A new life of a server is told what the first was told, and what it says is held against the first. Pure."""

from __future__ import annotations

from mcpgw.gateway.continuity import Continuity, ToolList, again, key_of, next_page, own_id
from mcpgw.protocol.message import Kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.protocol.message import Message


class Replay:
    """One new start. The frames that `begin` and `answered` give are for the server, in order.

    numbers: counts the gateway's own ids over all lives.  differences: between this life and the first.
    fault: why the server cannot go on for the client.
    """

    def __init__(self, memory: Continuity, mark: str, numbers: Callable[[], int]) -> None:
        self._memory = memory
        self._mark = mark
        self._numbers = numbers
        self._list = ToolList()
        self._cursor: str | None = None
        self._awaited: dict[str, Callable[[Message], list[bytes]]] = {}
        self.differences: list[str] = []
        self.fault = ""

    @property
    def done(self) -> bool:
        return not self._awaited and not self.fault

    def begin(self) -> list[bytes]:
        memory = self._memory
        if memory.initialize is not None:
            return [again(memory.initialize, self._await(self._handshake))]
        return self._ask_for_tools()

    def awaits(self, message: Message) -> bool:
        """Whether this is the answer to one of our own requests."""
        return message.kind in (Kind.RESULT, Kind.ERROR) and message.id in self._awaited

    def answered(self, message: Message) -> list[bytes]:
        return self._awaited.pop(message.id or "")(message)

    def _handshake(self, answer: Message) -> list[bytes]:
        if answer.kind is Kind.ERROR:
            self.fault = "it refused the handshake that it answered before"
            return []
        memory = self._memory
        self.differences += memory.handshake_differs(answer.members["result"])
        if memory.initialized is None:
            return []  # the client is still to say so itself
        told = [again(message, self._await(_whatever)) for message in memory.told_again()]
        return [memory.initialized.raw, *told, *self._ask_for_tools()]

    def _ask_for_tools(self) -> list[bytes]:
        """Only where the client has seen all of the first life's."""
        if self._memory.tools is None or self._memory.first_list is None:
            return []
        return [again(self._memory.first_list, self._await(self._tools))]

    def _tools(self, answer: Message) -> list[bytes]:
        first = self._memory.first_list
        if answer.kind is Kind.ERROR or first is None:
            self.differences.append("its tools cannot be listed")
            return []
        found = self._list.add(self._cursor, answer.members["result"])
        if found is not None:
            self.differences += self._memory.tools_differ(found)
            return []
        self._cursor = self._list.next_cursor
        return [next_page(first, self._cursor or "", self._await(self._tools))]

    def _await(self, then: Callable[[Message], list[bytes]]) -> str:
        own = own_id(self._mark, self._numbers())
        self._awaited[key_of(own)] = then
        return own


def _whatever(answer: Message) -> list[bytes]:
    """A level or a subscription that the new life does not take is the client's to notice."""
    return []
