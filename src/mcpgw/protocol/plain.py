"""The quick reader of plain frames where it was built (see native/reader.c); elsewhere the thorough one reads all."""

from __future__ import annotations

from mcpgw.protocol import methods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # kind, id key, method, start and end of the params, params.name, the revision that `_meta` names, and whether a key
    # below which the protocol carries base64 stands somewhere, and a task's id
    Envelope = tuple[int, str | None, str | None, int, int, str | None, str | None, bool, bool]
    # start, end, whether it names a member, and the path to it: keys as they are spelled, with their quotes
    Scalar = tuple[int, int, bool, tuple[bytes | int, ...]]

KEYS = (
    methods.ENVELOPE_KEYS
    | methods.PARAMS_KEYS
    | methods.RESULT_KEYS
    | methods.ERROR_KEYS
    | methods.CONTENT_KEYS
    | methods.TOOL_KEYS
)

read: Callable[[bytes, int], Envelope | None] | None
# What detect/view.py and detect/walk.py do without them, too.
view: Callable[[bytes], bytes] | None
said: Callable[[bytes], bytes] | None
origins: Callable[[bytes, list[int]], list[int]] | None
scalars: Callable[[bytes, list[int] | set[bytes | int]], list[Scalar] | None] | None
try:
    from mcpgw._native import know, origins, read, said, scalars, view

    know("".join(f"{key}\n" for key in sorted(KEYS)).encode(), methods.PROTOCOL_VERSION_META.encode())
except ImportError:
    read = view = said = origins = scalars = None
