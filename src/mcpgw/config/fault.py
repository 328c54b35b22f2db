"""A fault names the file, the line, the key and what is wrong; all faults of the sources travel in one error."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcpgw.errors import ConfigFault

# What is quoted back must be a plain word: a value that was pasted into the wrong key may be a secret.
_QUOTABLE = re.compile(r"[a-z][a-z_-]{0,23}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in one file. line: 1-based, 0 = the file as a whole. key: dotted, may be empty."""

    file: str
    line: int
    key: str
    problem: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


class SourceFault(ConfigFault):
    """The policy sources are not valid. `faults`: every one, by place; the message is the first and a count."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        ordered = sorted(faults, key=lambda fault: (fault.file, fault.line))
        first, rest = ordered[0], len(ordered) - 1
        more = f" (and {rest} more)" if rest else ""
        step = "run `mcpgw config check` to see them all" if rest else "then run `mcpgw config check`"
        super().__init__(f"{first}{more}", f"Mend the file; {step}.")
        self.faults = tuple(ordered)


def raise_if_any(faults: Iterable[Fault]) -> None:
    """Raises SourceFault when there is at least one fault."""
    found = tuple(faults)
    if found:
        raise SourceFault(found)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest known word, else an empty text."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def quoted(value: object) -> str:
    """How a wrong value is named: quoted where it is a plain short word, else by its TOML type only."""
    if isinstance(value, str) and _QUOTABLE.fullmatch(value):
        return f'"{value}"'
    return toml_type(value)


def toml_type(value: object) -> str:
    """The TOML name of a value's type, with its article."""
    names = {bool: "a boolean", int: "an integer", float: "a float", str: "a string", dict: "a table", list: "an array"}
    return names.get(type(value), "a date or time")
