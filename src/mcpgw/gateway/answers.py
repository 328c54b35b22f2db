"""What the gateway says in its own name. A model may read it: rule, ref, ask the user; never how to weaken a policy."""

from __future__ import annotations

from enum import IntEnum

from mcpgw.audit.record import quote
from mcpgw.protocol.methods import ELICIT, TOOLS_CALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.protocol.pending import Pending


class Code(IntEnum):
    """The gateway's JSON-RPC codes, outside every range that the specification or a client gives a meaning."""

    POLICY = -31001
    AMBIGUOUS = -31002
    LIMIT = -31003
    SERVER_DOWN = -31004
    APPROVAL = -31005
    AUDIT = -31006
    PARSE = -32700  # JSON-RPC's own, for a frame in which no id can be read


# The code and rule of a refusal, and its words for a REF.
Refusal = tuple[Code, str, "Callable[[str], str]"]


def error(id_text: str | None, code: Code, message: str, *, rule: str, ref: str) -> bytes:
    """A JSON-RPC error frame. id_text: JSON text of the id, None for a frame whose id nobody can read."""
    return (
        f'{{"jsonrpc":"2.0","id":{id_text or "null"},"error":{{"code":{int(code)},"message":{quote(message)},'
        f'"data":{{"mcpgw":{{"rule":{quote(rule)},"ref":{quote(ref)}}}}}}}}}\n'
    ).encode()


def refusal(request: Pending, code: Code, message: str, *, rule: str, ref: str) -> bytes:
    """The answer to a request that is refused: a result with `isError` for a tool call, else a JSON-RPC error.

    A client shows an `isError` result to its model; an elicitation is declined, which servers are built for.
    """
    if request.method == TOOLS_CALL:
        result_type = '"resultType":"complete",' if request.stateless else ""
        return (
            f'{{"jsonrpc":"2.0","id":{request.id_text},"result":{{{result_type}'
            f'"content":[{{"type":"text","text":{quote(message)}}}],"isError":true}}}}\n'
        ).encode()
    if request.method == ELICIT:
        return f'{{"jsonrpc":"2.0","id":{request.id_text},"result":{{"action":"decline"}}}}\n'.encode()
    return error(request.id_text, code, message, rule=rule, ref=ref)


_ASK = "Do not retry it or work around it. Tell the user, and give them the ref."


def blocked_request(rule: str, ref: str) -> str:
    return f"Blocked by mcpgw before it reached the server: rule {rule}, ref {ref}. {_ASK}"


def blocked_result(rule: str, ref: str) -> str:
    return f"Blocked by mcpgw: the server's answer was held back by rule {rule}, ref {ref}. {_ASK}"


def placeholder_argument(ref: str) -> str:
    return (
        f"Blocked by mcpgw: an argument holds the stand-in of a redacted value, ref {ref}; writing this would "
        f"overwrite the original value. Leave that value as it is, or ask the user."
    )


def refused_frame(reason: str, ref: str) -> str:
    return f"Refused by mcpgw: {reason}; parsers could read this message differently. Ref {ref}."


def policy_unavailable(ref: str) -> str:
    return (
        f"Refused by mcpgw: its policy cannot be loaded, so nothing is forwarded unchecked; ref {ref}. "
        f"Tell the user: `mcpgw status` says why."
    )


def audit_unavailable(ref: str) -> str:
    return (
        f"Refused by mcpgw: the audit journal cannot be written, so this call cannot be recorded; ref {ref}. "
        f"Tell the user: `mcpgw status` says why."
    )


def withheld(server: str, ref: str) -> str:
    return (
        f"Withheld by mcpgw: the server {server} is not as the user approved it, so it was not started; ref {ref}. "
        f"Do not work around it. Tell the user to review the server, and give them the ref."
    )


def server_gone(how: str) -> str:
    return f"The MCP server has ended ({how}) before it answered. It may or may not have done the work."


def server_lost(how: str, fate: str) -> str:
    return (
        f"The MCP server ended ({how}) before it answered. {fate} This request was not sent again: "
        f"it may or may not have done its work, so look before you repeat it."
    )


RESTARTED = "It is being restarted, and its state is lost (sessions, open files, earlier steps)."
GIVEN_UP = "It ended too often and is not started again."


def restarted_before(ref: str) -> str:
    return (
        f"Not sent by mcpgw: the MCP server ended since the last call and was restarted, so its state is lost "
        f"(sessions, open files, earlier steps); ref {ref}. Repeat this call if it makes sense without them."
    )


def not_back_yet(seconds: int) -> str:
    return f"The MCP server has ended and was not back within {seconds} s to take this request; it can be repeated."


def not_answered(seconds: int) -> str:
    return (
        f"The MCP server did not answer within {seconds} s. The request was cancelled; "
        f"it may or may not have done its work."
    )


def server_failed(reason: str, ref: str) -> str:
    return (
        f"Refused by mcpgw: {reason}; it is not started again. Ref {ref}. Do not work around it. Tell the user: "
        f"`mcpgw why` says more, `mcpgw restart` starts it again."
    )


def server_differs(differences: str, ref: str) -> str:
    return (
        f"Refused by mcpgw: the MCP server ended, and its new start differs from the first of this session "
        f"({differences}); ref {ref}. Do not work around it. Tell the user, and give them the ref."
    )


def too_many_waiting(ref: str) -> str:
    return f"Refused by mcpgw: too many requests of this session wait for an answer; ref {ref}. Try again later."
