"""A comment, or a comma too many, is read as the spaces that could stand in its place: every offset stays.

Texts are bytes read as Latin-1, so one character is one byte.
"""

from __future__ import annotations

import re

# A string that is not closed reaches to the end: nothing behind it is taken for a comment.
_STRING = r'"(?:[^"\\]++|\\.)*+"?'
_JSONC_COMMENT = re.compile(rf"(?P<kept>{_STRING}|/\*(?:[^*]++|\*(?!/))*+\Z)|//[^\r\n]*+|/\*.*?\*/", re.DOTALL)
_TRAILING_COMMA = re.compile(rf"(?P<kept>{_STRING}|[\[{{][ \t\r\n]*+,)|,(?=[ \t\r\n]*+[\]}}])", re.DOTALL)
# Not one of them is in most texts, which a plain search tells without looking at each string.
_COMMA_AT_END = re.compile(r",[ \t\r\n]*+[\]}]")

# All four kinds of TOML strings, and those that end with up to two quotes of their own.
TOML_STRING = (
    r'"""(?:[^"\\]++|\\.|"{1,2}(?!"))*+"{3,5}'
    r"|'''(?:[^']++|'{1,2}(?!'))*+'{3,5}"
    r'|"(?:[^"\\]++|\\.)*+"'
    r"|'[^']*+'"
)
_TOML_COMMENT = re.compile(rf"(?P<kept>{TOML_STRING})|#[^\r\n]*+", re.DOTALL)


def strict(text: str) -> str:
    """JSONC as JSON. A comment that is not closed stays, and so does a comma without a value before it."""
    bare = without_comments(text)
    return _blanked(_TRAILING_COMMA, bare) if _COMMA_AT_END.search(bare) else bare


def without_comments(text: str) -> str:
    """JSONC without its comments."""
    return _blanked(_JSONC_COMMENT, text) if "/" in text else text


def without_toml_comments(text: str) -> str:
    return _blanked(_TOML_COMMENT, text)


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(_spaces, text)


def _spaces(match: re.Match[str]) -> str:
    return match[0] if match["kept"] is not None else " " * len(match[0])
