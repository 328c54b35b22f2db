"""From a frame to its findings: all that it says in one pass, and alone each string that holds base64."""

from __future__ import annotations

from mcpgw.detect.blobs import spans_of
from mcpgw.detect.engine import judge
from mcpgw.detect.finding import Finding
from mcpgw.detect.unfold import whole_letters
from mcpgw.detect.view import origins, said, scan_view
from mcpgw.detect.walk import locate
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.detect.blobs import Blob
    from mcpgw.detect.engine import Automaton, Match
    from mcpgw.detect.pattern import Pattern
    from mcpgw.detect.walk import Place


class _Hit(NamedTuple):
    """What is to become a Finding: its rule's index, its raw bytes and, in a base64 string, its decoded ones."""

    rule: int
    start: int
    end: int
    secret: bytes
    inner: tuple[int, int] | None = None


def splice_stars(raw: bytes, spans: list[tuple[int, int, int]]) -> bytes:
    """`raw` with stars over each (rule, start, end) that lies inside one token."""
    starred = bytearray(raw)
    for _, start, end in spans:
        if b'"' not in raw[start:end].replace(b'\\"', b""):
            starred[start:end] = b"*" * (end - start)
    return bytes(starred)


class Detector(NamedTuple):
    """The rules, ready to run. Raises engine.ScanOverBudget where a text yields too many candidates."""

    patterns: tuple[Pattern, ...]
    automaton: Automaton

    def inspect(self, raw: bytes, blobs: list[Blob] | None = None) -> tuple[Finding, ...]:
        """Every finding in a frame of valid JSON, by place. blobs: its base64 strings (detect.blobs)."""
        hits: list[_Hit] = []
        seen = self._inspect_blobs(raw, blobs, hits) if blobs else raw
        matches = self.matches(said(seen))
        if not matches and not hits:
            return ()
        offsets = sorted({offset for match in matches for offset in (match.start, match.end)})
        origin = dict(zip(offsets, origins(seen, offsets), strict=True))
        for match in matches:
            span = whole_letters(seen, origin[match.start], origin[match.end])
            hits.append(_Hit(match.rule, *span, match.secret))
        return self._findings(raw, hits)

    def matches(self, text: bytes) -> list[Match]:
        """What stands in a text of which `said` was taken; none where `inspect` finds nothing in its frame."""
        return judge(text, self.patterns, self.automaton)

    def _inspect_blobs(self, raw: bytes, blobs: list[Blob], hits: list[_Hit]) -> bytes:
        """Adds what text blobs hold to `hits`; returns the frame with its base64 strings blanked.

        A string that is no base64 stays, and is looked at as it is.
        """
        blank = bytearray(raw)
        for blob, (start, end) in zip(blobs, spans_of(raw, blobs), strict=True):
            if not blob.is_media:
                decoded = blob.decoded()
                if decoded is None:
                    continue
                for match in self._judge_text(decoded):
                    hits.append(_Hit(match.rule, start, end, match.secret, (match.start, match.end)))
            blank[start:end] = b" " * (end - start)
        return bytes(blank)

    def inspect_text(self, text: bytes) -> tuple[tuple[str, int, int], ...]:
        """(rule, start, end) in plain text: for diagnostics, stderr and names that are to be masked."""
        return tuple((self.patterns[match.rule].id, match.start, match.end) for match in self._judge_text(text))

    def _judge_text(self, text: bytes) -> list[Match]:
        """The matches in plain text. A trigger may begin with the letter before a secret, so there is always one."""
        matches = judge(b" " + scan_view(text), self.patterns, self.automaton)
        return [match._replace(start=match.start - 1, end=match.end - 1) for match in matches]

    def _findings(self, raw: bytes, hits: list[_Hit]) -> tuple[Finding, ...]:
        hits.sort(key=lambda hit: (hit.start, -hit.end))
        # Pointers are read off a starred copy of the same length: a secret used as a key must not stand in one.
        starred = splice_stars(raw, [hit[:3] for hit in hits])
        places = locate(starred, sorted({hit.start for hit in hits}))
        findings: list[Finding] = []
        reached: dict[int, int] = {}
        for hit in hits:
            place = places.get(hit.start)
            if place is None or hit.end > place.end:
                continue  # between scalars, or across two of them
            if hit.inner is None:
                if hit.end <= reached.get(hit.rule, -1):
                    continue  # inside a match of the same rule
                reached[hit.rule] = hit.end
            findings.append(self._finding(hit, place))
        return tuple(findings)

    def _finding(self, hit: _Hit, place: Place) -> Finding:
        pattern = self.patterns[hit.rule]
        return Finding(
            pattern.id,
            pattern.severity,
            hit.start,
            hit.end,
            place.pointer,
            place.is_string,
            place.is_key,
            hit.secret,
            hit.inner,
        )
