"""A scripted MCP server for tests: standard library only, `mock_server.py [option=value]...`, run as a file.

Options: start=exit:N|signal:N (at once), init=exit:N (when asked to initialize), ignore=signals|eof|all, banner=TEXT,
stderr=TEXT, stderr-hex=BYTES, eof=exit:N. A tools/call names what to do: echo (text, or size=n), raw (line; ID is the
request's), die (how=exit:N|signal:N), silent; with flood=n, of pad bytes each, so many notifications come first.
"""

import json
import os
import signal
import sys
import time

OPTIONS = dict(option.split("=", 1) for option in sys.argv[1:])


def end(how: str) -> None:
    kind, number = how.split(":")
    if kind == "signal":
        os.kill(os.getpid(), int(number))
        time.sleep(10)
    os._exit(int(number))


def put(line: bytes) -> None:
    view = memoryview(line + b"\n")
    while view:
        view = view[os.write(1, view) :]


def reply(identity: object, result: object) -> None:
    put(json.dumps({"jsonrpc": "2.0", "id": identity, "result": result}).encode())


def call(identity: object, name: str, arguments: dict) -> None:
    for number in range(arguments.get("flood", 0)):
        data = json.dumps({"number": number, "pad": "y " * (arguments.get("pad", 0) // 2)}).encode()
        put(b'{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":%b}}' % data)
    if name == "die":
        end(arguments["how"])
    if name == "silent":
        return
    if name == "raw":
        put(arguments["line"].replace("ID", json.dumps(identity)).encode())
        return
    text = "y" * arguments["size"] if "size" in arguments else arguments.get("text", "")
    reply(identity, {"content": [{"type": "text", "text": text}]})


def answer(message: dict) -> None:
    method, identity, params = message.get("method"), message.get("id"), message.get("params") or {}
    if identity is None:
        return
    if method == "initialize":
        if "init" in OPTIONS:
            end(OPTIONS["init"])
        reply(
            identity,
            {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {},
                "serverInfo": {"name": "mock", "version": "1"},
            },
        )
    elif method == "server/discover":
        reply(identity, {"resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {}})
    elif method == "tools/call":
        call(identity, params["name"], params.get("arguments") or {})
    else:
        reply(identity, {"tools": []} if method == "tools/list" else {})


def main() -> None:
    if OPTIONS.get("ignore") in ("signals", "all"):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
    os.write(2, OPTIONS.get("stderr", "").encode() + bytes.fromhex(OPTIONS.get("stderr-hex", "")))
    if "banner" in OPTIONS:
        put(OPTIONS["banner"].encode())
    if "start" in OPTIONS:
        end(OPTIONS["start"])
    for line in sys.stdin.buffer:
        answer(json.loads(line))
    while OPTIONS.get("ignore") in ("eof", "all"):
        time.sleep(0.1)
    if "eof" in OPTIONS:
        end(OPTIONS["eof"])


main()
