"""Any servers in any layout: as JSONC and as TOML, with all that these allow around and between them."""

from __future__ import annotations

import json
import re
import tomllib
from random import Random
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

WORDS = st.text(max_size=6)
LIST = st.lists(WORDS, max_size=3)
ENTRIES = st.fixed_dictionaries(
    {"command": st.text(min_size=1, max_size=6)},
    optional={
        "args": LIST,
        "env": st.dictionaries(WORDS, WORDS, max_size=2),
        "timeout": st.integers(0, 10**12),
        "x-note": LIST | st.booleans() | st.dictionaries(WORDS, LIST, max_size=2),
    },
)
SERVERS = st.dictionaries(WORDS, ENTRIES, max_size=2)
JSONC_GAPS = ["", " ", "\n  ", "\t", ' // "a, }\n', '/* ] " */', "\r\n /* 'x */ ", "//\n", "/***/", "/* // */"]
TOML_COMMENTS = ["", "", ' # it\'s "odd" ]', "\t#", " # [x]\n\n  # y = 1"]
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@st.composite
def jsonc_files(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    """(file, tree): servers at `servers`, beside values of other kinds."""
    tree = {"inputs": draw(LIST), "servers": draw(SERVERS), "more": {"a": 1.5, "b": draw(WORDS)}}
    dice = draw(st.randoms(use_true_random=False))
    mark = dice.choice([b"", b"\xef\xbb\xbf"])
    return mark + (_gap(dice) + _jsonc(tree, dice) + _gap(dice)).encode(), tree


def _jsonc(value: Any, dice: Random) -> str:
    if isinstance(value, dict):
        members = [f"{json.dumps(key)}{_gap(dice)}:{_gap(dice)}{_jsonc(each, dice)}" for key, each in value.items()]
        return _bracketed("{", members, "}", dice)
    if isinstance(value, list):
        return _bracketed("[", [_jsonc(each, dice) for each in value], "]", dice)
    return json.dumps(value, ensure_ascii=dice.random() < 0.5)


def _bracketed(head: str, parts: list[str], tail: str, dice: Random) -> str:
    joined = ",".join(f"{_gap(dice)}{part}{_gap(dice)}" for part in parts)
    comma = "," + _gap(dice) if parts and dice.random() < 0.3 else ""
    return head + (joined or _gap(dice)) + comma + tail


def _gap(dice: Random) -> str:
    return dice.choice(JSONC_GAPS) if dice.random() < 0.5 else ""


@st.composite
def toml_files(draw: st.DrawFn) -> tuple[bytes, dict[str, Any]]:
    """(file, tree): servers at `mcp_servers`, in tables, dotted keys or inline tables, in any order."""
    servers = draw(SERVERS)
    dice = draw(st.randoms(use_true_random=False))
    text = dice.choice([_tables, _dotted, _inlined])(servers, dice)
    text = text.replace("\n", dice.choice(["\n", "\r\n"]))
    content = dice.choice([b"", b"\xef\xbb\xbf"]) + text.encode()
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
        raise
    return content, tree


def _tables(servers: dict[str, Any], dice: Random) -> str:
    blocks = ['[profile.o3]\nmodel = "o3"\nat = 1979-05-27 07:32:00', "[[history]]\nx = 1\n[history.y]\n[[history]]"]
    together = []
    for name, entry in servers.items():
        key = toml_key(name, dice)
        match dice.randrange(3):
            case 0:
                blocks += _table(f"mcp_servers.{key}", entry, dice)
            case 1:
                together += [f"{key}{dice.choice(['.', ' . '])}{line}" for line in _lines(entry, dice)]
            case _:
                together.append(f"{key} = {toml_value(entry, dice)}")
    if together or dice.random() < 0.3:
        blocks.append("\n".join(["[mcp_servers]", *together]))
    dice.shuffle(blocks)
    return 'model = "a.b" # c\n' + "\n\n".join(blocks) + dice.choice(["", "\n"])


def _table(path: str, entry: dict[str, Any], dice: Random) -> list[str]:
    below = {key: value for key, value in entry.items() if isinstance(value, dict) and dice.random() < 0.5}
    lines = _lines({key: value for key, value in entry.items() if key not in below}, dice)
    indent = dice.choice(["", "  ", "\t"])
    head = f"{indent}[{dice.choice(['', ' '])}{path}]{dice.choice(TOML_COMMENTS)}"
    made = ["\n".join([head, *(indent + line for line in lines)])]
    for key, value in below.items():
        made.append("\n".join([f"[{path}.{toml_key(key, dice)}]", *_lines(value, dice)]))
    return made if dice.random() < 0.5 else made[::-1]


def _lines(entry: dict[str, Any], dice: Random) -> list[str]:
    lines = []
    for key, value in entry.items():
        if isinstance(value, dict) and value and dice.random() < 0.5:
            lines += [f"{toml_key(key, dice)}.{line}" for line in _lines(value, dice)]
        else:
            equals = dice.choice([" = ", "=", "\t=  "])
            lines.append(f"{toml_key(key, dice)}{equals}{toml_value(value, dice)}{dice.choice(TOML_COMMENTS)}")
    return lines


def _dotted(servers: dict[str, Any], dice: Random) -> str:
    lines = ["before = 1"]
    for name, entry in servers.items():
        lines += [f"mcp_servers.{toml_key(name, dice)}.{line}" for line in _lines(entry, dice)]
    if dice.random() < 0.5:
        dice.shuffle(lines)
    return "\n".join(lines) + dice.choice(["", "\n"])


def _inlined(servers: dict[str, Any], dice: Random) -> str:
    return f"mcp_servers = {toml_value(servers, dice)}{dice.choice(TOML_COMMENTS)}\nafter = [[1], [2]]"


def toml_key(key: str, dice: Random) -> str:
    if _BARE.fullmatch(key) and dice.random() < 0.8:
        return key
    if dice.random() < 0.3 and not re.search("['\x00-\x1f\x7f]", key):
        return f"'{key}'"
    return _basic(key)


def toml_value(value: Any, dice: Random) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _string(value, dice)
        case list():
            return _array([toml_value(each, dice) for each in value], dice)
        case dict():
            members = [member for key, each in value.items() for member in _inline_members(key, each, dice)]
            return "{" + dice.choice(["", " "]) + ", ".join(members) + dice.choice(["", " "]) + "}"
        case _:
            return str(value)


def _inline_members(key: str, value: Any, dice: Random) -> list[str]:
    """One `key = value`, or one for each member of `value` behind a dotted key."""
    if isinstance(value, dict) and value and dice.random() < 0.4:
        below = [member for each in value.items() for member in _inline_members(*each, dice)]
        return [f"{toml_key(key, dice)}.{member}" for member in below]
    return [f"{toml_key(key, dice)} = {toml_value(value, dice)}"]


def _array(items: list[str], dice: Random) -> str:
    gaps = ["", " ", "\n  ", " # don't, \"]\n\t", "\n"]
    text = ",".join(f"{dice.choice(gaps)}{item}{dice.choice(gaps)}" for item in items) or dice.choice(gaps)
    comma = "," + dice.choice(gaps) if items and dice.random() < 0.3 else ""
    return f"[{text}{comma}]"


def _string(value: str, dice: Random) -> str:
    plain = not re.search("[\x00-\x1f\x7f]", value)
    if dice.random() < 0.3 and plain and "'" not in value:
        return f"'{value}'"
    if dice.random() < 0.3 and plain and "'''" not in value and not value.endswith("'"):
        return f"'''{dice.choice(['', chr(10)])}{value}'''"
    if dice.random() < 0.3:
        return '"""' + dice.choice(["", "\n", "\\\n  "]) + _basic(value)[1:-1] + '"""'
    return _basic(value)


def _basic(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
