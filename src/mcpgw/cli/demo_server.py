"""The demo's MCP server: standard library only, run as a file. It notes every call that reaches it."""

from __future__ import annotations

import json
import os
import sys

TOOLS = [
    {"name": "echo", "description": "Says it back.", "inputSchema": {"type": "object"}},
    {"name": "read_key", "description": "Reads the deploy key.", "inputSchema": {"type": "object"}},
    {"name": "write_file", "description": "Writes a file.", "inputSchema": {"type": "object"}},
]


def answer(method: str, params: dict[str, object]) -> dict[str, object]:
    """The result of one request. Raises KeyError for a method or tool that it does not have."""
    if method == "initialize":
        return {
            "protocolVersion": params.get("protocolVersion", "2025-11-25"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "demo", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "ping":
        return {}
    if method != "tools/call":
        raise KeyError(method)
    with open(os.environ["MCPGW_DEMO_SEEN"], "a", encoding="utf-8") as seen:
        seen.write(json.dumps(params) + "\n")
    text = os.environ["MCPGW_DEMO_KEY"] if params["name"] == "read_key" else json.dumps(params.get("arguments"))
    return {"content": [{"type": "text", "text": text}], "structuredContent": {"text": text}}


def main() -> None:
    """One JSON-RPC message a line, until stdin ends."""
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if "id" not in message:
            continue
        try:
            body: dict[str, object] = {"result": answer(message["method"], message.get("params") or {})}
        except KeyError:
            body = {"error": {"code": -32601, "message": "no such method"}}
        reply = json.dumps({"jsonrpc": "2.0", "id": message["id"], **body})
        sys.stdout.buffer.write(reply.encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
