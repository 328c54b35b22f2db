"""A login belongs to name, type, url and headers; a rewritten entry would lose it, an exact way back finds it again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from mcpgw.registry.claude.locations import config_dir
from mcpgw.registry.claude.restrictions import expand
from mcpgw.registry.claude.settings import JsonFiles
from mcpgw.registry.client import Place
from mcpgw.registry.entry import Entry, Transport
from mcpgw.registry.json_reader import json_value

_REMOTE = frozenset({Transport.HTTP, Transport.SSE})
_OWN_LOGIN = ("oauth", "headersHelper")


def login_key(name: str, kind: str, url: str, headers: Mapping[str, str]) -> str:
    """The key under which the client keeps the login: `name|<16 hex>`, over its own JSON of the three values."""
    text = json.dumps({"type": kind, "url": url, "headers": dict(headers)}, separators=(",", ":"), ensure_ascii=False)
    return f"{name}|{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def stored_logins(place: Place, files: JsonFiles) -> frozenset[str]:
    """The keys in the client's credentials file. On macOS they lie in the keychain, which nobody looks into here."""
    logins = files.object(os.path.join(config_dir(place), ".credentials.json")).get("mcpOAuth")
    return frozenset(logins) if isinstance(logins, dict) else frozenset()


def has_login(entry: Entry, logins: frozenset[str], environ: Mapping[str, str]) -> bool:
    """Whether the client logs in for this entry, now or on its next start."""
    if entry.transport not in _REMOTE:
        return False
    value: dict[str, Any] = json_value(entry.value.encode("utf-8", "surrogatepass"), comments=False)
    if any(value.get(key) is not None for key in _OWN_LOGIN):
        return True
    headers = value.get("headers")
    headers = headers if isinstance(headers, dict) else {}
    return any(
        login_key(entry.name, kind, fill(entry.url or ""), {key: fill(str(each)) for key, each in headers.items()})
        in logins
        for kind in {str(value.get("type")), str(entry.transport)}
        for fill in (str, lambda text: expand(text, environ))
    )
