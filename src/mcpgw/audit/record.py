"""What the journal says of one frame. Masked before it is capped, and built without a serializer on the hot path."""

from __future__ import annotations

import json
from json.encoder import (  # type: ignore[attr-defined]
    c_make_encoder,
    encode_basestring_ascii,
)

from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mcpgw.policy.decide import Judged

quote = encode_basestring_ascii
# The type of a record of what someone or the gateway did, and no frame: `direction` is then "control".
ACTION = "action"


class Record(NamedTuple):
    """One frame's line, or one deed's.

    direction: to_server or to_client.  type: request, notification, result, error or broken.  A deed of the gateway's
    own, such as not starting a server, is "control" and ACTION.
    id_text: the id as it stood in the frame.  params: masked and capped JSON text, or None where it is not recorded.
    decision: allow, log, alert, redact, block, refuse (broken or ambiguous) or drop (nobody waits for it).
    reason: why it was refused or dropped.  latency_us: for an answer, since its request was forwarded.
    """

    direction: str
    type: str
    id_text: str | None
    method: str | None
    tool: str | None
    params: str | None
    decision: str
    findings: tuple[Judged, ...]
    bytes: int
    latency_us: int | None = None
    reason: str | None = None
    ref: str | None = None


def deed(method: str, decision: str, reason: str, ref: str | None = None) -> Record:
    """The record of what someone or the gateway did. method: no frame has it.  reason: holds no secret."""
    return Record("control", ACTION, None, method, None, None, decision, (), 0, reason=reason, ref=ref)


def opening(instance: str, server: str, entry: str) -> str:
    """The part of every line that an instance's records share."""
    return f'"instance":{quote(instance)},"server":{quote(server)},"entry":{quote(entry)}'


def encode(record: Record, *, sequence: int, at: str, time_text: str, shared: str) -> bytes:
    """The line's body: a JSON object without its closing brace (chain.seal closes it). at: seconds, as JSON text."""
    direction, kind, id_text, method, tool, params, decision, findings, size, latency, reason, ref = record
    line = (
        f'{{"v":1,"seq":{sequence},"at":{at},"time":"{time_text}",{shared},"direction":"{direction}",'
        f'"type":"{kind}","id":{id_text or "null"},"method":{"null" if method is None else quote(method)},'
        f'"tool":{"null" if tool is None else quote(tool)},"decision":"{decision}","bytes":{size}'
    )
    if params is not None:
        line += f',"params":{params}'
    if latency is not None:
        line += f',"latency_us":{latency}'
    if reason is not None:
        line += f',"reason":{quote(reason)}'
    if ref is not None:
        line += f',"ref":{quote(ref)}'
    listed = ",".join(map(_finding, findings)) if findings else ""
    return f'{line},"findings":[{listed}]'.encode("utf-8", "replace")


def _finding(judged: Judged) -> str:
    return json.dumps(
        {
            "rule": judged.rule,
            "severity": judged.severity,
            "action": judged.action.label,
            "pointer": judged.pointer,
            "length": judged.end - judged.start,
            "preview": judged.preview,
            "fingerprint": judged.fingerprint,
            "ref": judged.ref,
        }
    )


def _refuse(value: object) -> None:
    raise ValueError(f"a {type(value).__name__} is not JSON")


# One encoder for good: JSONEncoder.encode makes a new one at each call. ASCII, so that no line holds a line separator.
_encode_chunks = c_make_encoder(None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, False)


def _dump(value: Any) -> str:
    return "".join(_encode_chunks(value, 0))


def cap(body: Any, *, max_bytes: int, max_value_chars: int) -> str:
    """`body` (already masked) as JSON text if that is short; else with its long strings cut, or as one cut string."""
    try:
        text = _dump(body) if _holds_at_most(body, max_bytes) else None
        if text is None or len(text) > max_bytes:
            if not _holds_at_most(body, max_bytes, longest=max_value_chars):
                return quote(f"{_beginning(body, max_value_chars)}...")
            text = _dump(_cut(body, max_value_chars))
    except (RecursionError, ValueError):  # ValueError: a number beyond every float, such as 1e400
        return quote("... (cannot be recorded)")
    return text if len(text) <= max_bytes else quote(f"{text[:max_value_chars]}... (+{len(text) - max_value_chars})")


def _holds_at_most(body: Any, chars: int, longest: int | None = None) -> bool:
    """Whether its text could be as short as that: what is long, or has many parts, need not be written to be cut.

    longest: where strings are to be cut.
    """
    left, waiting = chars, [body]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            left -= len(value) if longest is None else min(len(value), longest)
        elif isinstance(value, (list, dict)):
            left -= len(value)
        if left < 0:
            return False
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
    return True


def _beginning(body: Any, chars: int) -> str:
    """Of its text, without writing the rest."""
    text = ""
    for step in json.JSONEncoder(separators=(",", ":"), allow_nan=False).iterencode(body):
        text += step
        if len(text) >= chars:
            break
    return text[:chars]


def _cut(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= limit else f"{value[:limit]}... (+{len(value) - limit})"
    if isinstance(value, list):
        return [_cut(child, limit) for child in value]
    if isinstance(value, dict):
        return {_cut(key, limit): _cut(child, limit) for key, child in value.items()}
    return value
