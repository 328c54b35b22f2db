"""The pattern dialect: what every scan engine reads alike and runs in linear time; anything else is refused.

ASCII bytes, no look-around, no back-references, no anchors, no inline flags, only bounded repeats
(docs/reference/rules.md, "Pattern dialect").
"""

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

# `re` has no public syntax tree; this module is where its own parser lives (Python 3.11 and later).
_parse: Callable[[bytes], Any] = re._parser.parse  # type: ignore[attr-defined]

# The longest repeat that the native engine takes with room to spare (its own limit is 32,767).
MAX_REPEAT = 16384

_REFUSED = {
    "ASSERT": "look-around is not in the pattern dialect",
    "ASSERT_NOT": "look-around is not in the pattern dialect",
    "GROUPREF": "a back-reference is not in the pattern dialect",
    "GROUPREF_EXISTS": "a back-reference is not in the pattern dialect",
    "ATOMIC_GROUP": "an atomic group is not in the pattern dialect",
    "POSSESSIVE_REPEAT": "a possessive repeat is not in the pattern dialect",
    "AT": "an anchor is not in the pattern dialect; use `boundary`",
}
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")


def dialect_problems(pattern: str, *, anchors: bool = False) -> tuple[str, ...]:
    """What keeps `pattern` out of the dialect, each problem once; empty when it is in.

    anchors: allowed, because the pattern is matched against the secret alone (`allow`).
    """
    try:
        tree = _strict_tree(pattern)
    except UnicodeEncodeError:
        return ("holds a character that is not ASCII; write its UTF-8 bytes as \\xNN",)
    except FutureWarning:
        return ("has a character class that engines read differently; escape `[`, `--`, `&&`, `~~` and `||` in it",)
    except (re.error, OverflowError, RecursionError) as error:
        return (f"is not a regular expression: {_reason(error)}",)
    problems = list(_tree_problems(tree, anchors))
    if tree.state.flags & ~re.ASCII:
        problems.append("an inline flag is not in the pattern dialect; use `caseless`")
    if not problems and not anchors and tree.getwidth()[0] == 0:
        problems.append("matches the empty text")
    return tuple(dict.fromkeys(problems))


def width(pattern: str) -> tuple[int, int]:
    """Shortest and longest match in bytes, of a pattern in the dialect."""
    shortest, longest = _parse(pattern.encode("ascii")).getwidth()
    return int(shortest), int(longest)


def _strict_tree(pattern: str) -> Any:
    """The syntax tree. Raises FutureWarning for a class like `[[:alpha:]]`, which means another thing elsewhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        return _parse(pattern.encode("ascii"))


def _reason(error: Exception) -> str:
    if isinstance(error, re.error):
        return f"{error.msg} at position {error.pos}"
    return "too large or nested too deeply"


def _tree_problems(tree: Any, anchors: bool) -> Iterator[str]:
    for operator, argument in tree:
        name = str(operator)
        if name in _REFUSED and not (anchors and name == "AT"):
            yield _REFUSED[name]
        elif name in _REPEATS and int(argument[1]) > MAX_REPEAT:
            yield f"a repeat has no bound of at most {MAX_REPEAT:,}"
        elif name == "SUBPATTERN" and (argument[1] or argument[2]):
            yield "an inline flag is not in the pattern dialect; use `caseless`"
        for branch in _branches(name, argument):
            yield from _tree_problems(branch, anchors)


def _branches(name: str, argument: Any) -> Iterator[Any]:
    """The sub-trees of one node."""
    if name in _REPEATS:
        yield argument[2]
    elif name == "SUBPATTERN":
        yield argument[3]
    elif name == "BRANCH":
        yield from argument[1]
