"""A server for tests in whose tool one sees how it was started: standard library only, `window_server.py [option=value]...`.

Its tool `look` tells argv, working directory and environment. Options: probe=error|ignore|answer, what becomes of
`server/discover` (ignore: as a server that knows no such thing); old=VERSION, the one it speaks. Others are marks.
"""

import json
import os
import sys

OPTIONS = dict(option.split("=", 1) for option in sys.argv[1:] if "=" in option)
INFO = {"name": "window", "version": "1"}
CAPABILITIES = {"tools": {"listChanged": True}, "prompts": {}, "resources": {}}
TOOL = {
    "name": "look",
    "title": "Look out",
    "description": 'Tells how it was started: "argv", cwd, env — ünïcödé and all.',
    "inputSchema": {"type": "object", "properties": {"far": {"type": "number"}, "note": {"type": "string"}}},
    "annotations": {"readOnlyHint": True},
}
PROMPT = {"name": "greet", "description": "A greeting", "arguments": [{"name": "who", "required": True}]}
RESOURCE = {"uri": "window://view", "name": "view", "mimeType": "text/plain"}
DISCOVERED = {"supportedVersions": ["2026-07-28"], "capabilities": CAPABILITIES, "serverInfo": INFO}
MODERN = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


def look() -> dict:
    seen = {"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}
    return {"content": [{"type": "text", "text": json.dumps(seen, sort_keys=True)}]}


def result(method: str, params: dict) -> dict | None:
    match method:
        case "server/discover" if OPTIONS.get("probe") == "answer":
            return DISCOVERED
        case "initialize":
            version = OPTIONS.get("old", params["protocolVersion"])
            return {"protocolVersion": version, "capabilities": CAPABILITIES, "serverInfo": INFO}
        case "tools/list":
            return {"tools": [TOOL]}
        case "tools/call":
            return look()
        case "prompts/list":
            return {"prompts": [PROMPT]}
        case "resources/list":
            return {"resources": [RESOURCE]}
    return None


for line in sys.stdin.buffer:
    message = json.loads(line)
    if "id" not in message or (message["method"] == "server/discover" and OPTIONS.get("probe") == "ignore"):
        continue
    found = result(message["method"], message.get("params") or {})
    body = {"error": {"code": -32601, "message": "no such method"}} if found is None else {"result": MODERN | found}
    os.write(1, json.dumps({"jsonrpc": "2.0", "id": message["id"], **body}).encode() + b"\n")
