"""Names that the client keeps for servers of its own: an entry under one of them is skipped."""

from __future__ import annotations

import re

# Seen in Claude Code 2.1.330. Names are compared as they stand in tool names, where most characters become `_`.
_RESERVED = frozenset(
    {
        "Claude_Browser",
        "Claude_Preview",
        "Claude_in_Chrome",
        "ccr-email",
        "claude-code-remote",
        "claude-device",
        "claude-in-chrome",
        "claude_ai",
        "computer-use",
        "hearthbot",
        "remote-devices",
        "webagent",
        "workspace",
    }
)
# These name something in every JavaScript object.
_EXACT = frozenset(
    {
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
        "__proto__",
        "Slack sign-in (Claude Code tag)",
    }
)
_NOT_IN_TOOL_NAMES = re.compile(r"[^A-Za-z0-9_-]")


def in_tool_names(name: str) -> str:
    """The name as it stands in `mcp__<name>__<tool>`."""
    return _NOT_IN_TOOL_NAMES.sub("_", name)


def reserved(name: str) -> bool:
    return name in _EXACT or in_tool_names(name) in _RESERVED
