"""Finds the line of a key in TOML text that parsed; it never judges the text.

TOML 1.0, sections "Keys", "Table" and "Array of Tables".
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

KeyPath = tuple[str | int, ...]

_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.?)""")
# One lexical step: a comment, a string of any of the four kinds, a bracket, a line end, or any other character.
_STEP = re.compile(
    r'#[^\n]*|"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[\[{]|[\]}]|\n|.',
    re.DOTALL,
)


def line_index(text: str) -> dict[KeyPath, int]:
    """Key path -> 1-based line, for each table header and each `key = value`; array tables count from 0."""
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for line, statement in _statements(text):
        if statement.startswith("[["):
            names = _absolute(_key_parts(statement[2:]), counts)
            table = (*names, counts.get(names, 0))
            counts[names] = counts.get(names, 0) + 1
            lines.setdefault(names, line)
            lines[table] = line
        elif statement.startswith("["):
            table = _absolute(_key_parts(statement[1:]), counts)
            lines.setdefault(table, line)
        else:
            lines.setdefault((*table, *_key_parts(statement)), line)
    return lines


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of `path`, else that of its nearest parent or of its first child; 0 where there is none."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
        below = [line for known, line in lines.items() if known[:end] == path[:end]]
        if below:
            return min(below)
    return 0


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """(first line, text) of each statement; one that spans lines (arrays, long strings) comes whole."""
    line, start, depth = 1, 1, 0
    parts: list[str] = []
    for step in _STEP.finditer(text.replace("\r\n", "\n") + "\n"):
        token = step.group()
        depth += (token in "[{") - (token in "]}")
        if token == "\n" and depth <= 0:
            statement = "".join(parts).strip()
            if statement:
                yield start, statement
            parts, depth, start = [], 0, line + 1
        elif not token.startswith("#") and (parts or token.strip()):
            parts.append(token)
        line += token.count("\n")


def _key_parts(text: str) -> tuple[str, ...]:
    """The dotted key that `text` begins with."""
    parts: list[str] = []
    at = 0
    while found := _PART.match(text, at):
        basic, literal, bare, dot = found.groups()
        plain = literal if basic is None else _unescaped(basic)
        parts.append(bare if plain is None else plain)
        at = found.end()
        if not dot:
            break
    return tuple(parts)


def _unescaped(basic: str) -> str:
    """The text of a basic string, from between its quotes."""
    try:
        return next(iter(tomllib.loads(f'"{basic}" = 0')))
    except ValueError:
        return basic


def _absolute(names: tuple[str, ...], counts: dict[KeyPath, int]) -> KeyPath:
    """`names` with the index of the last element after each name of an array of tables but the last name."""
    path: KeyPath = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if position < len(names) - 1 and path in counts:
            path = (*path, counts[path] - 1)
    return path
