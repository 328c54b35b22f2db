"""A JSON value in a message and each of its spellings, so that a secret is replaced in all of them alike."""

from __future__ import annotations

from json.encoder import encode_basestring

from mcpgw.detect.unfold import unfold, whole_letters
from mcpgw.detect.walk import find_places, locate
from mcpgw.policy.conform import Conformance
from mcpgw.policy.redact import placeholder, splice
from mcpgw.policy.shape import Unsupported
from mcpgw.policy.stand_in import Secret, for_number, for_string
from mcpgw.protocol.content import replaced, steps_to
from mcpgw.protocol.strict_json import parse_value
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from mcpgw.detect.unfold import Unfolded
    from mcpgw.detect.walk import Place
    from mcpgw.policy.decide import Judged

    Edit = tuple[int, int, bytes]


class Home(NamedTuple):
    """One spelling of a document: the JSON at `base` of `raw`. outer: the string of the frame that `raw` is, if one."""

    raw: bytes
    base: str
    outer: Unfolded | None

    def scalars(self, pointers: Iterable[str]) -> dict[str, list[Scalar]]:
        """The scalars at these pointers of the document, more than one where a key stands twice."""
        places = find_places(self.raw, {self.base + pointer for pointer in pointers})
        return {pointer[len(self.base) :]: list(map(self._scalar, some)) for pointer, some in places.items()}

    def _scalar(self, place: Place) -> Scalar:
        return Scalar(unfold(self.raw[place.start : place.end], place.start), self.outer, place.is_string)


class Scalar(NamedTuple):
    """A string or number as it is spelled. outer: the string of the frame that holds the document, if one does."""

    token: Unfolded
    outer: Unfolded | None
    is_string: bool

    def edit(self, start: int, end: int, text: bytes) -> Edit:
        """The frame's edit that puts `text` in the place of the decoded text start..end."""
        start, end = self.token.raw_span(start, end)
        if self.is_string:
            text = _escaped(text)
        if self.outer is not None:
            start, end = self.outer.raw_span(start, end)
            text = _escaped(text)
        return start, end, text


class Document:
    """A JSON value, each of its spellings, and the secrets by pointer and text of the scalar that holds them."""

    def __init__(self, value: Any, homes: list[Home], schema: Any) -> None:
        self.homes = homes
        self.secrets: dict[tuple[str, bytes], set[Secret]] = {}
        self._value = value
        self._check = None if schema is None else Conformance(schema)

    def note(self, home: Home, found: list[tuple[Judged, int, int]]) -> list[Edit]:
        """Notes secrets, each with its bytes in the home; returns edits for those that stand in no value of it."""
        if home.outer is not None:  # the bytes of a text are not spelled as the frame's are
            found = [(one, *whole_letters(home.raw, start, end)) for one, start, end in found]
        places = locate(home.raw, sorted({start for _, start, _ in found}))
        tokens: dict[int, Unfolded] = {}
        edits: list[Edit] = []
        for one, start, end in found:
            place = places.get(start)
            if place is None or place.is_key or end > place.end:
                # A key of a text, or more than one value of it. Where the text is a copy, it is none any more.
                edits.append((one.start, one.end, placeholder(one.rule, one.ref)))
                continue
            token = tokens.get(place.start)
            if token is None:
                token = tokens[place.start] = unfold(home.raw[place.start : place.end], place.start)
            secret = Secret(*token.text_span(start, end), placeholder(one.rule, one.ref))
            self.secrets.setdefault((place.pointer[len(home.base) :], token.text), set()).add(secret)
        return edits

    def edits(self) -> list[Edit]:
        """Edits of the frame for all secrets, alike in each spelling. Raises Unsupported where nothing conforms."""
        spelled = [home.scalars({pointer for pointer, _ in self.secrets}) for home in self.homes]
        found: list[Edit] = []
        for (pointer, text), secrets in self.secrets.items():
            scalars = [scalar for home in spelled for scalar in home.get(pointer, ()) if scalar.token.text == text]
            chosen = self._chosen(pointer, scalars[0], sorted(secrets))
            found += [scalar.edit(*edit) for scalar in scalars for edit in chosen]
        return found

    def _chosen(self, pointer: str, scalar: Scalar, secrets: list[Secret]) -> list[Edit]:
        """The first stand-in with which the document still fits its schema."""
        text = scalar.token.text
        wishes = [] if self._check is None else self._check.wishes
        for edits in (for_string if scalar.is_string else for_number)(text, secrets, wishes):
            if self._check is None:
                return edits
            new = splice(text, edits).decode("utf-8", "surrogatepass")
            path = steps_to(self._value, pointer)
            changed = replaced(self._value, path, new if scalar.is_string else parse_value(new, 0)[0])
            if self._check.holds(changed, path):
                self._value = changed
                return edits
        raise Unsupported


def _escaped(text: bytes) -> bytes:
    return encode_basestring(text.decode("utf-8", "surrogatepass"))[1:-1].encode("utf-8", "surrogatepass")
