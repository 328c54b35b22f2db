"""A server whose structured results hold secrets under a strict outputSchema: standard library only, run as a file.

`schema_server.py [naive]`: naive puts in a placeholder as one that knows no schema would.
"""

import json
import sys

KEY, CARD, SSN = "AKIAQ3EGRT5LZW7YKX2M", 4539578763621486, "536-22-8741"
SCHEMA = {
    "type": "object",
    "properties": {
        "card": {"type": "integer", "minimum": 1000, "maximum": 9999999999999999},
        "ssn": {"type": "string", "pattern": "^[0-9]{3}-[0-9]{2}-[0-9]{4}$"},
        "key": {"anyOf": [{"type": "string", "maxLength": 20}, {"type": "null"}]},
        "note": {"type": "string"},
        "link": {"type": "string", "format": "uri"},
    },
    "required": ["card", "ssn", "key", "note", "link"],
    "additionalProperties": False,
}
TOOLS = [
    {"name": "report", "inputSchema": {"type": "object"}, "outputSchema": SCHEMA},
    {
        "name": "fixed",
        "inputSchema": {"type": "object"},
        "outputSchema": {"type": "object", "properties": {"key": {"enum": [KEY]}}},
    },
]


def call(name: str) -> object:
    report = {"card": CARD, "ssn": SSN, "key": KEY, "note": f"é \n{KEY}", "link": f"https://h.example/?k={KEY}"}
    value = report if name == "report" else {"key": KEY}
    if "naive" in sys.argv:
        value = {**report, "card": "[mcpgw:credit-card:AAAAAAAA]"}
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return {"content": [{"type": "text", "text": text}], "structuredContent": value}


def answer(message: dict) -> dict | None:
    match message["method"]:
        case "initialize":
            version = message["params"]["protocolVersion"]
            info = {"name": "schema", "version": "1"}
            return {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}}
        case "tools/list":
            return {"result": {"tools": TOOLS}}
        case "tools/call":
            return {"result": call(message["params"]["name"])}
        case "ping":
            return {"result": {}}
        case _:
            return {"error": {"code": -32601, "message": "no such method"}}


for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer(asked)}), flush=True)  # noqa: T201
