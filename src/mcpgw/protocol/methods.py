"""MCP's methods, directions, revisions and key names, as data (specification 2024-11-05 to 2026-07-28)."""

from __future__ import annotations

from enum import IntEnum


class Direction(IntEnum):
    """Which way a frame travels."""

    TO_SERVER = 0
    TO_CLIENT = 1

    @property
    def label(self) -> str:
        return "to_client" if self else "to_server"

    @property
    def back(self) -> Direction:
        return Direction.TO_SERVER if self else Direction.TO_CLIENT


BATCH_REVISION = "2025-03-26"  # the only revision whose peers may send arrays
FIRST_STATELESS_REVISION = "2026-07-28"
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", FIRST_STATELESS_REVISION)

PROTOCOL_VERSION_META = "io.modelcontextprotocol/protocolVersion"
CLIENT_INFO_META = "io.modelcontextprotocol/clientInfo"

INITIALIZE = "initialize"
DISCOVER = "server/discover"
TOOLS_CALL = "tools/call"
TOOLS_LIST = "tools/list"
ELICIT = "elicitation/create"
CANCELLED = "notifications/cancelled"
INITIALIZED = "notifications/initialized"
PROGRESS = "notifications/progress"
SET_LEVEL = "logging/setLevel"
SUBSCRIBE = "resources/subscribe"
UNSUBSCRIBE = "resources/unsubscribe"
# What brings a task's result: 2025-11-25, and the extension (there inside the task).
TASK_ANSWERS = frozenset({"tasks/result", "tasks/get"})

# They change nothing at the server: asked twice they do what they do once.
REPEATABLE = frozenset(
    {
        "ping",
        TOOLS_LIST,
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "completion/complete",
    }
)

# Answered even when calls are refused: without them a client believes that the server is gone.
ALWAYS_ANSWERED = frozenset(
    {
        INITIALIZE,
        DISCOVER,
        "ping",
        TOOLS_LIST,
        "prompts/list",
        "resources/list",
        "resources/templates/list",
        "logging/setLevel",
        "subscriptions/listen",
    }
)

# What a list's result holds under its one key.
LISTS = {
    TOOLS_LIST: "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}

# Their results describe the server to the model: scanned as metadata, not as content.
METADATA_METHODS = frozenset(
    {INITIALIZE, DISCOVER, TOOLS_LIST, "prompts/list", "resources/list", "resources/templates/list"}
)

# Keys that the protocol gives a meaning, by where they stand. A key that only differs in case from one is ambiguous.
ENVELOPE_KEYS = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})
PARAMS_KEYS = frozenset(
    {
        "name", "arguments", "_meta", "uri", "cursor", "protocolVersion", "capabilities", "clientInfo", "ref",
        "argument", "context", "level", "requestId", "reason", "progressToken", "progress", "total", "message",
        "requestState", "inputResponses", "task", "taskId", "messages", "maxTokens", "systemPrompt",
        "requestedSchema", "mode", "url", "elicitationId", "logger", "data", "modelPreferences", "tools",
        "toolChoice", "includeContext", "stopSequences", "temperature", "metadata",
    }
)  # fmt: skip
RESULT_KEYS = frozenset(
    {
        "content", "structuredContent", "isError", "_meta", "resultType", "tools", "prompts", "resources",
        "resourceTemplates", "nextCursor", "contents", "messages", "description", "protocolVersion", "capabilities",
        "serverInfo", "instructions", "supportedVersions", "ttlMs", "cacheScope", "completion", "roots", "action",
        "role", "model", "stopReason", "inputRequests", "requestState", "task", "tasks", "taskId", "status",
    }
)  # fmt: skip
ERROR_KEYS = frozenset({"code", "message", "data"})
CONTENT_KEYS = frozenset(
    {
        "type", "text", "data", "mimeType", "annotations", "_meta", "resource", "uri", "blob", "name", "title",
        "description", "size", "icons", "id", "input", "toolUseId", "content", "structuredContent", "isError",
    }
)  # fmt: skip
TOOL_KEYS = frozenset(
    {
        "name", "title", "description", "inputSchema", "outputSchema", "annotations", "_meta", "icons", "execution",
        "arguments", "uri", "uriTemplate", "mimeType", "size",
    }
)  # fmt: skip
