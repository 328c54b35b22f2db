"""A Messages API on loopback that makes the model call one tool: turn one asks for it, later turns say "done"."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"input_tokens": 1, "output_tokens": 1}


@dataclass(frozen=True, slots=True)
class Model:
    """url: of its API.  tools: each tool of a server that it was offered, by name, as the client describes it."""

    url: str
    tools: dict[str, Any]


@contextmanager
def model_that_calls(tool: str, arguments: dict[str, Any]) -> Iterator[Model]:
    """A model that answers the first turn that offers `tool` with a call of it."""
    tools: dict[str, Any] = {}

    class Turn(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._json({"data": []})

        def do_HEAD(self) -> None:
            self._reply(b"", "text/plain")

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            if "count_tokens" in self.path:
                return self._json({"input_tokens": 1})
            offered = {each.get("name"): each for each in request.get("tools", [])}
            tools.update({name: each for name, each in offered.items() if str(name).startswith("mcp__")})
            block = _call(tool, arguments) if tool in offered and not _was_called(request) else _text()
            if request.get("stream"):
                return self._reply(_stream(request, block), "text/event-stream")
            return self._json(_message(request, block))

        def _json(self, payload: dict[str, Any]) -> None:
            self._reply(json.dumps(payload).encode(), "application/json")

        def _reply(self, body: bytes, content_type: str) -> None:
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Turn)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Model(f"http://127.0.0.1:{server.server_address[1]}", tools)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _was_called(request: dict[str, Any]) -> bool:
    return any(
        isinstance(block, dict) and block.get("type") == "tool_result"
        for message in request.get("messages", [])
        for block in (message["content"] if isinstance(message.get("content"), list) else [])
    )


def _call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_01", "name": tool, "input": arguments}


def _text() -> dict[str, Any]:
    return {"type": "text", "text": "done"}


def _message(request: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    stop = "tool_use" if block["type"] == "tool_use" else "end_turn"
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": request.get("model"),
        "content": [block],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": USAGE,
    }


def _stream(request: dict[str, Any], block: dict[str, Any]) -> bytes:
    if block["type"] == "tool_use":
        opened = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    else:
        opened, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
    start = {**_message(request, block), "content": [], "stop_reason": None}
    stop = {"stop_reason": _message(request, block)["stop_reason"], "stop_sequence": None}
    events = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": opened},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": USAGE},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events).encode()
