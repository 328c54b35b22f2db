"""The quick reader of plain frames where it was built (see native/reader.c); elsewhere the thorough one reads all."""

from __future__ import annotations

from mcpgw.protocol import methods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # kind, id key, method, start and end of the params, params.name, the revision that `_meta` names, and whether a key
    # below which the protocol carries base64 stands somewhere, and a task's id
    Envelope = tuple[int, str | None, str | None, int, int, str | None, str | None, bool, bool]

KEYS = (
    methods.ENVELOPE_KEYS
    | methods.PARAMS_KEYS
    | methods.RESULT_KEYS
    | methods.ERROR_KEYS
    | methods.CONTENT_KEYS
    | methods.TOOL_KEYS
)

read: Callable[[bytes, int], Envelope | None] | None
view: Callable[[bytes], bytes] | None
try:
    from mcpgw._native import know, read, view

    know("".join(f"{key}\n" for key in sorted(KEYS)).encode(), methods.PROTOCOL_VERSION_META.encode())
except ImportError:
    read = view = None
