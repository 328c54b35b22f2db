"""What a session remembers of the server's tools: the schema of each one's output, and which tool a task belongs to."""

from __future__ import annotations

import json

from mcpgw.protocol.methods import TASK_ANSWERS, TOOLS_LIST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mcpgw.protocol.message import Message
    from mcpgw.protocol.pending import Pending

# Schemas are kept as text, a tenth of what the parsed ones take. A tool whose schema found no room has one that nothing
# is known to fit: its results are blocked where they would be redacted.
MAX_SCHEMA_BYTES = 1 << 20
MAX_TASKS = 1_000
UNKNOWN = '{"unknown":true}'


class Tools:
    """Filled from the answers that are passed on to the client."""

    def __init__(self) -> None:
        self._schemas: dict[str, str] = {}
        self._schema_bytes = 0
        self._tasks: dict[str, str] = {}

    def note(self, request: Pending, message: Message) -> None:
        """Learns from a result: the definitions in a tools/list, the task that a tool was started as."""
        if request.method == TOOLS_LIST:
            result = message.members.get("result")
            self._note_list(result.get("tools") if isinstance(result, dict) else None)
        elif message.may_name_task and request.tool is not None:
            self._note_task(message.members.get("result"), request.tool)

    def schema(self, tool: str | None) -> str | None:
        """JSON text of the outputSchema in the last definition of `tool`, or None."""
        return None if tool is None else self._schemas.get(tool)

    def of_task(self, message: Message) -> str | None:
        """The tool whose result a request for a task's result will bring."""
        if message.method not in TASK_ANSWERS:
            return None
        task = message.params.get("taskId")
        return self._tasks.get(task) if isinstance(task, str) else None

    def _note_list(self, tools: Any) -> None:
        for tool in tools if isinstance(tools, list) else ():
            if isinstance(tool, dict) and isinstance(name := tool.get("name"), str):
                self._schema_bytes -= len(self._schemas.pop(name, ""))
                if "outputSchema" in tool:
                    self._keep(name, json.dumps(tool["outputSchema"], separators=(",", ":")))

    def _keep(self, name: str, schema: str) -> None:
        if self._schema_bytes + len(schema) > MAX_SCHEMA_BYTES:
            schema = UNKNOWN
        self._schemas[name] = schema
        self._schema_bytes += len(schema)

    def _note_task(self, result: Any, tool: str) -> None:
        """Both forms: 2025-11-25 has a `task` object in the result, the extension may have the id right there."""
        holder = result.get("task", result) if isinstance(result, dict) else None
        identity = holder.get("taskId") if isinstance(holder, dict) else None
        if isinstance(identity, str):
            self._tasks[identity] = tool
            if len(self._tasks) > MAX_TASKS:
                del self._tasks[next(iter(self._tasks))]
