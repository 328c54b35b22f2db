"""From a frame to its findings: the whole frame in one pass, then alone each string that holds escapes or base64."""

from __future__ import annotations

from mcpgw.detect.blobs import spans_of
from mcpgw.detect.engine import judge
from mcpgw.detect.finding import Finding
from mcpgw.detect.unfold import unfold, whole_letters
from mcpgw.detect.view import scan_view
from mcpgw.detect.walk import locate, string_token
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


def _seen_already(matches: list[Match], spans: dict[tuple[int, int, int], bytes], start: int, end: int) -> bool:
    """Whether the raw text of start..end showed the very same secrets as often: then no escape hides another one.

    The way back from decoded text costs more than all else for a long string, and is seldom needed.
    """
    shown = [(rule, secret) for (rule, first, last), secret in spans.items() if start <= first and last <= end]
    return sorted(shown) == sorted((match.rule, match.secret) for match in matches)


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
        inner: list[_Hit] = []
        text = self._inspect_blobs(raw, blobs, inner) if blobs else raw
        view = scan_view(text)
        matches = self._judge(view)
        if not matches and not inner and b"\\" not in view:
            return ()
        spans = {(match.rule, match.start, match.end): match.secret for match in matches}
        if b"\\" in view:
            self._inspect_escaped(text, view, spans)
        if not spans and not inner:
            return ()
        return self._findings(raw, [*(_Hit(*span, secret) for span, secret in spans.items()), *inner])

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
                for match in self._judge(scan_view(decoded)):
                    hits.append(_Hit(match.rule, start, end, match.secret, (match.start, match.end)))
            blank[start:end] = b" " * (end - start)
        return bytes(blank)

    def inspect_text(self, text: bytes) -> tuple[tuple[str, int, int], ...]:
        """(rule, start, end) in plain text: for diagnostics, stderr and names that are to be masked."""
        return tuple((self.patterns[match.rule].id, match.start, match.end) for match in self._judge(scan_view(text)))

    def _judge(self, text: bytes) -> list[Match]:
        return judge(text, self.patterns, self.automaton)

    def _inspect_escaped(self, raw: bytes, view: bytes, spans: dict[tuple[int, int, int], bytes]) -> None:
        """Strings with `\\\\`, `\\/` or `\\u` in them: decoded, scanned, and their hits brought back to raw bytes."""
        for token in string_token.finditer(raw):
            start, end = token.span(1)
            if view.find(b"\\", start, end) < 0:
                continue
            unfolded = unfold(token.group(1), start)
            matches = self._judge(scan_view(unfolded.text))
            if not matches or _seen_already(matches, spans, start, end):
                continue
            for match in matches:
                first, last = unfolded.raw_span(match.start, match.end)
                spans.setdefault((match.rule, first, last), match.secret)

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
            findings.append(self._finding(raw, hit, place))
        return tuple(findings)

    def _finding(self, raw: bytes, hit: _Hit, place: Place) -> Finding:
        pattern = self.patterns[hit.rule]
        start, end = whole_letters(raw, hit.start, hit.end) if place.is_string else (hit.start, hit.end)
        return Finding(
            pattern.id,
            pattern.severity,
            start,
            end,
            place.pointer,
            place.is_string,
            place.is_key,
            hit.secret,
            hit.inner,
        )
