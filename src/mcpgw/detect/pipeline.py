"""From a frame to its findings: the whole frame in one pass, then alone each string that holds escapes."""

from __future__ import annotations

from mcpgw.detect.engine import judge
from mcpgw.detect.finding import Finding
from mcpgw.detect.unfold import unfold
from mcpgw.detect.view import scan_view
from mcpgw.detect.walk import locate, string_token
from mcpgw.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcpgw.detect.engine import Automaton, Match
    from mcpgw.detect.pattern import Pattern


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

    def inspect(self, raw: bytes) -> tuple[Finding, ...]:
        """Every finding in a frame of valid JSON, by place."""
        view = scan_view(raw)
        matches = self._judge(view)
        if not matches and b"\\" not in view:
            return ()
        spans = {(match.rule, match.start, match.end): match.secret for match in matches}
        if b"\\" in view:
            self._inspect_escaped(raw, view, spans)
        return self._findings(raw, spans) if spans else ()

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

    def _findings(self, raw: bytes, spans: dict[tuple[int, int, int], bytes]) -> tuple[Finding, ...]:
        ordered = sorted(spans, key=lambda span: (span[1], -span[2]))
        # Pointers are read off a starred copy of the same length: a secret used as a key must not stand in one.
        starred = splice_stars(raw, ordered)
        places = locate(starred, sorted({start for _, start, _ in ordered}))
        findings: list[Finding] = []
        reached: dict[int, int] = {}
        for rule, start, end in ordered:
            place = places.get(start)
            if place is None or end > place.end or end <= reached.get(rule, -1):
                continue  # between scalars, across two of them, or inside a match of the same rule
            reached[rule] = end
            pattern = self.patterns[rule]
            secret = spans[rule, start, end]
            findings.append(
                Finding(pattern.id, pattern.severity, start, end, place.pointer, place.is_string, place.is_key, secret)
            )
        return tuple(findings)
