"""A scripted MCP server that ends and comes back: standard library only, `mortal_server.py DIRECTORY [option=value]...`.

DIRECTORY: `lives` counts its starts, `seen` gets a line `LIFE FRAME` for each frame that arrives. Options, each for one
life as N:name=value or for all as name=value: die=K (ends at its K-th tools/call, unanswered), start=exit:C (at once),
init=exit:C (when asked to initialize), tools=NAME,..., page=NAME,... (a second page), version=TEXT, declare=tools,...
(listChanged), asks=METHOD (a request of its own, id 0, once initialized), half=TEXT (before it dies), silent=METHOD
(never answered), stderr=TEXT (at start). A tools/call of `die` ends it with exit code 7; `hush`
closes its stdout and `deafen` its stdin, says `done` on stderr and goes on until it is told to stop; any other is echoed.
"""

import json
import os
import sys
import time
from pathlib import Path

ROOT = Path(sys.argv[1])
with open(ROOT / "lives", "a") as lives:
    lives.write("x")
LIFE = len((ROOT / "lives").read_text())
SEEN = open(ROOT / "seen", "a", buffering=1)  # noqa: SIM115 - for as long as the process


def option(name: str) -> str:
    given = dict(word.split("=", 1) for word in sys.argv[2:])
    return given.get(f"{LIFE}:{name}", given.get(name, ""))


def end(how: str) -> None:
    os.write(1, option("half").encode())
    os._exit(int(how.partition(":")[2]))


def put(message: dict) -> None:
    os.write(1, json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


def initialized(params: dict) -> dict:
    if option("init"):
        end(option("init"))
    declared = {name: {"listChanged": True} for name in option("declare").split(",") if name}
    return {
        "protocolVersion": params["protocolVersion"],
        "capabilities": declared,
        "serverInfo": {"name": "mortal", "version": option("version") or "1"},
    }


def listed(params: dict) -> dict:
    names = option("page") if params.get("cursor") else option("tools") or "echo"
    page = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in names.split(",")]}
    return {**page, "nextCursor": "2"} if option("page") and not params.get("cursor") else page


def main() -> None:
    os.write(2, option("stderr").encode())
    calls = 0
    if option("start"):
        end(option("start"))
    for line in sys.stdin.buffer:
        SEEN.write(f"{LIFE} {line.decode()}")
        message = json.loads(line)
        method, params = message.get("method"), message.get("params") or {}
        if method == "notifications/initialized" and option("asks"):
            put({"id": 0, "method": option("asks"), "params": {"message": f"life {LIFE}"}})
        if "id" not in message or method is None or method == option("silent"):
            continue
        if method == "tools/call":
            calls += 1
            if params["name"] == "die" or calls == int(option("die") or 0):
                end("exit:7")
            if params["name"] in ("hush", "deafen"):
                os.close(0 if params["name"] == "deafen" else 1)
                os.write(2, b"done\n")
                time.sleep(600)
            put({"id": message["id"], "result": {"content": [{"type": "text", "text": f"life {LIFE}"}]}})
            continue
        if method == "resources/read" and params["uri"] == f"die:{LIFE}":
            end("exit:7")
        if method == "server/discover":
            put({"id": message["id"], "error": {"code": -32601, "message": "it has a handshake"}})
            continue
        answers = {"initialize": initialized, "tools/list": listed}
        put({"id": message["id"], "result": answers.get(method, lambda params: {})(params)})


main()
