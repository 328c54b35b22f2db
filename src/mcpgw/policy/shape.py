"""The plain part of ECMAScript patterns, matched in bounded time: a server's pattern never gets to backtrack.

Literals, classes, groups, alternatives and repeats are understood; what looks around, refers back or names a category
raises Unsupported, and so does whatever would cost too much.
"""

from __future__ import annotations

from mcpgw.values import NamedTuple

MAX_TEXT_CHARS = 4_096
MAX_PATTERN_CHARS = 1_024
MAX_REPEAT = 1_000
MAX_DEPTH = 20
MAX_STEPS = 200_000
_MANY = MAX_TEXT_CHARS + 1  # what `*` and `+` allow: more than any text has
_PREFERRED = "0Xx"  # what a stand-in is made of, where the pattern leaves the choice

_DIGITS = (("0", "9"),)
_WORDS = (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z"))
_SPACES = (("\t", "\r"), (" ", " "), ("\xa0", "\xa0"), ("\u2028", "\u2029"), ("\ufeff", "\ufeff"))
_CLASSES = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}


class Unsupported(Exception):
    """The schema says something that is not understood here, or costs too much to check."""


class Letter(NamedTuple):
    """One letter out of `ranges`, or (negated) out of all others."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def fits(self, letter: str) -> bool:
        return any(low <= letter <= high for low, high in self.ranges) is not self.negated

    def sample(self) -> str:
        lows = "".join(low for low, _ in self.ranges)
        for letter in _PREFERRED + (" -" if self.negated else lows):
            if self.fits(letter):
                return letter
        raise Unsupported


class Part(NamedTuple):
    """A letter or a group of alternatives, `least` to `most` times."""

    what: Letter | tuple[tuple[Part, ...], ...]
    least: int
    most: int


class Shape(NamedTuple):
    """A pattern. from_start, to_end: whether it is anchored there."""

    alternatives: tuple[tuple[Part, ...], ...]
    from_start: bool
    to_end: bool

    def fits(self, text: str) -> bool:
        """Whether the pattern matches in `text`. Raises Unsupported for a text that is too long."""
        if len(text) > MAX_TEXT_CHARS:
            raise Unsupported
        starts = {0} if self.from_start else set(range(len(text) + 1))
        ends = _Matching(text).any_of(self.alternatives, starts)
        return len(text) in ends if self.to_end else bool(ends)

    def sample(self, length: int) -> str:
        """A text that fits, of `length` letters if the pattern allows it. Raises Unsupported."""
        parts = self.alternatives[0]
        shortest = "".join(_sample(part, part.least) for part in parts)
        for index, part in enumerate(parts):
            missing = length - len(shortest)
            if missing > 0 and part.most > part.least and len(once := _sample(part, 1)) > 0:
                count = min(part.most, part.least + missing // len(once), MAX_TEXT_CHARS)
                before = "".join(_sample(other, other.least) for other in parts[:index])
                after = "".join(_sample(other, other.least) for other in parts[index + 1 :])
                return before + once * count + after
        return shortest


def _sample(part: Part, count: int) -> str:
    if isinstance(part.what, Letter):
        return part.what.sample() * count
    once = "".join(_sample(inner, inner.least) for inner in part.what[0])
    if len(once) * count > MAX_TEXT_CHARS:
        raise Unsupported
    return once * count


class _Matching:
    """Follows all ways through a pattern at once, so that no pattern costs more than MAX_STEPS."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._steps = 0

    def any_of(self, alternatives: tuple[tuple[Part, ...], ...], starts: set[int]) -> set[int]:
        return set().union(*(self._sequence(parts, starts) for parts in alternatives))

    def _sequence(self, parts: tuple[Part, ...], starts: set[int]) -> set[int]:
        for part in parts:
            starts = self._repeated(part, starts)
        return starts

    def _repeated(self, part: Part, starts: set[int]) -> set[int]:
        reached: set[int] = set(starts) if part.least == 0 else set()
        current = starts
        for count in range(1, part.most + 1):
            current = self._once(part, current)
            if not current or (count >= part.least and current <= reached):
                break
            if count >= part.least:
                reached |= current
        return reached

    def _once(self, part: Part, starts: set[int]) -> set[int]:
        self._steps += 1 + len(starts)
        if self._steps > MAX_STEPS:
            raise Unsupported
        if not isinstance(part.what, Letter):
            return self.any_of(part.what, starts)
        text, fits = self._text, part.what.fits
        return {at + 1 for at in starts if at < len(text) and fits(text[at])}


def read(pattern: str) -> Shape:
    """The pattern's shape. Raises Unsupported."""
    if len(pattern) > MAX_PATTERN_CHARS:
        raise Unsupported
    from_start = pattern.startswith("^")
    to_end = pattern.endswith("$") and not pattern.endswith("\\$")
    body = pattern[from_start : len(pattern) - to_end]
    reader = _Reader(body)
    alternatives = reader.alternatives()
    if not reader.done or (len(alternatives) > 1 and (from_start or to_end)):
        raise Unsupported  # an anchor would belong to one alternative only
    return Shape(alternatives, from_start, to_end)


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    @property
    def done(self) -> bool:
        return self._at == len(self._pattern)

    def alternatives(self) -> tuple[tuple[Part, ...], ...]:
        found = [self._sequence()]
        while self._take("|"):
            found.append(self._sequence())
        return tuple(found)

    def _sequence(self) -> tuple[Part, ...]:
        parts: list[Part] = []
        while not self.done and self._peek() not in "|)":
            what = self._atom()
            least, most = self._count()
            parts.append(Part(what, least, most))
        return tuple(parts)

    def _atom(self) -> Letter | tuple[tuple[Part, ...], ...]:
        letter = self._next()
        if letter == "(":
            return self._group()
        if letter == "[":
            return self._class()
        if letter == "\\":
            return self._escape()
        if letter == ".":
            return Letter((("\n", "\n"), ("\r", "\r"), ("\u2028", "\u2029")), negated=True)
        if letter in "^$*+?{}":
            raise Unsupported
        return Letter(((letter, letter),))

    def _group(self) -> tuple[tuple[Part, ...], ...]:
        self._depth += 1
        if self._depth > MAX_DEPTH or (self._take("?") and not self._take(":")):
            raise Unsupported
        inner = self.alternatives()
        self._depth -= 1
        if not self._take(")"):
            raise Unsupported
        return inner

    def _class(self) -> Letter:
        negated = self._take("^")
        ranges: list[tuple[str, str]] = []
        while not self._take("]"):
            low = self._member()
            if isinstance(low, str) and self._pattern[self._at : self._at + 1] == "-" and self._after() != "]":
                self._next()
                high = self._member()
                if not isinstance(high, str) or high < low:
                    raise Unsupported
                ranges.append((low, high))
            else:
                ranges += [(low, low)] if isinstance(low, str) else low
        return Letter(tuple(ranges), negated)

    def _member(self) -> str | tuple[tuple[str, str], ...]:
        """A letter of a class, or what an escaped class of it holds."""
        letter = self._next()
        if letter != "\\":
            return letter
        escaped = self._escape()
        if escaped.negated:
            raise Unsupported
        low, high = escaped.ranges[0]
        return low if len(escaped.ranges) == 1 and low == high else escaped.ranges

    def _escape(self) -> Letter:
        letter = self._next()
        if letter.lower() in _CLASSES:
            return Letter(_CLASSES[letter.lower()], negated=letter.isupper())
        if letter in _CONTROLS:
            return Letter(((_CONTROLS[letter], _CONTROLS[letter]),))
        if letter.isalnum():
            raise Unsupported
        return Letter(((letter, letter),))

    def _count(self) -> tuple[int, int]:
        least, most = 1, 1
        if self._take("*"):
            least, most = 0, _MANY
        elif self._take("+"):
            least, most = 1, _MANY
        elif self._take("?"):
            least, most = 0, 1
        elif self._take("{"):
            least, most = self._braces()
        self._take("?")  # a lazy repeat matches the same texts
        return least, most

    def _braces(self) -> tuple[int, int]:
        end = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at : end].partition(",")
        if end < 0 or not low.isdecimal() or (high and not high.isdecimal()):
            raise Unsupported
        self._at = end + 1
        most = int(high) if high else _MANY if comma else int(low)
        if int(low) > MAX_REPEAT or (high and most > MAX_TEXT_CHARS):
            raise Unsupported
        return int(low), most

    def _peek(self) -> str:
        return self._pattern[self._at]

    def _after(self) -> str:
        return self._pattern[self._at + 1 : self._at + 2]

    def _next(self) -> str:
        if self.done:
            raise Unsupported
        self._at += 1
        return self._pattern[self._at - 1]

    def _take(self, letter: str) -> bool:
        if self.done or self._peek() != letter:
            return False
        self._at += 1
        return True
