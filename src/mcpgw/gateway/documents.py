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
    from collections.abc import Iterable, Mapping
    from typing import Any

    from mcpgw.detect.unfold import Unfolded
    from mcpgw.detect.walk import Place
    from mcpgw.policy.decide import Judged

    Edit = tuple[int, int, bytes]
    Found = tuple[Judged, Place]  # a secret, and the scalar of the frame that holds it


class Home(NamedTuple):
    """One spelling of a document: the JSON at `base` of `raw`. outer: the string of the frame that `raw` is, if one."""

    raw: bytes
    base: str
    outer: Unfolded | None

    def scalars(self, pointers: Iterable[str], in_frame: Mapping[str, list[Place]]) -> dict[str, list[Scalar]]:
        """The scalars at these pointers of the document, more than one where a key stands twice.

        in_frame: places of the frame by pointer; those of the document are among them if it stands there.
        """
        wanted = {self.base + pointer for pointer in pointers}
        places = in_frame if self.outer is None else find_places(self.raw, wanted)
        return {one[len(self.base) :]: list(map(self._scalar, places.get(one, ()))) for one in wanted}

    def spans(self, found: list[Found]) -> list[tuple[Judged, int, int, Place | None]]:
        """The bytes of each secret in `raw`, and the scalar of `raw` that holds it."""
        if self.outer is None:
            return [(one, one.start, one.end, place) for one, place in found]
        # The bytes of a text are not spelled as the frame's are.
        texts = [(one, *whole_letters(self.raw, *self.outer.text_span(one.start, one.end))) for one, _ in found]
        places = locate(self.raw, sorted({start for _, start, _ in texts}))
        return [(one, start, end, places.get(start)) for one, start, end in texts]

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

    def in_frame(self) -> list[str]:
        """Pointers of the frame at which a secret of the document stands."""
        return [home.base + pointer for home in self.homes if home.outer is None for pointer, _ in self.secrets]

    def note(self, home: Home, found: list[Found]) -> list[Edit]:
        """Notes secrets that stand in a home; returns edits for those that stand in no value of it."""
        tokens: dict[int, Unfolded] = {}
        edits: list[Edit] = []
        for one, start, end, place in home.spans(found):
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

    def edits(self, in_frame: Mapping[str, list[Place]]) -> list[Edit]:
        """Edits of the frame for all secrets, alike in each spelling. Raises Unsupported where nothing conforms.

        in_frame: what stands at the pointers of `in_frame`, of this document and of others.
        """
        spelled = [home.scalars((pointer for pointer, _ in self.secrets), in_frame) for home in self.homes]
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
