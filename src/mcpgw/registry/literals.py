"""A literal secret is a string that a rule knows, or one that stands under a secret's name and is no reference.

Pure: JSON text in, its literal secrets out. What is found is in memory only, and `repr` leaves it out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mcpgw.detect.finding import Finding
from mcpgw.detect.pipeline import Detector, splice_stars
from mcpgw.detect.walk import Place, locate, string_token

NAMED_SECRET = "named-secret"
NAMED_SEVERITY = "medium"
SEVERITIES = ("low", "medium", "high", "critical")

# Names of env variables, headers, options, query parameters and members that hold a secret.
_SECRET_NAME = re.compile(
    r"(?:token|secret|passw(?:or)?d|passphrase|pwd|authorization|cookie|(?:api|auth|access|secret|private)key"
    r"|(?:^|[_.\s-])(?:key|pass|pat))$",
    re.IGNORECASE,
)
_CAMEL_KEY = re.compile(r"[a-z]Key$")
_HARMLESS_KEY = re.compile(
    r"(?:public|publishable|primary|foreign|sort|partition|cache|host)[_.\s-]?key$", re.IGNORECASE
)

# What is under such a name without being a secret.
_DEFAULTED = re.compile(r"\$\{\w+:-([^{}]*)\}")  # the default is as literal as any other text
_SCHEME = re.compile(r"(?:bearer|basic|token|bot|digest)\s+", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{|\{\{|\{(?:env|file|input):|\$\(|\$[A-Z_][A-Z0-9_]*$|%[A-Za-z_]\w*%$|\w+://")
_PATH = re.compile(r"(?:~|\.{0,2})/[\w .@-]+(?:/[\w .@-]+)*$|[A-Za-z]:\\")
_PLACEHOLDER = re.compile(
    r"<[^<>]*>|\[[^\[\]]*\]|x{3}|\*{3}|\.{3}|\u2026|your[\s_-]|(?:my|the)[_-](?:token|key|secret|password)"
    r"|change[\s_-]?(?:me|it|this)|replace|example|placeholder|dummy|insert[\s_-]|paste[\s_-]|todo"
    r"|^(?:true|false|null|none|yes|no|on|off|\d{1,5}|(?:api|access)?[\s_-]?(?:token|key|secret|password))$",
    re.IGNORECASE,
)
MIN_SECRET_CHARS = 4

# No search is quadratic: what a repeat may take never begins another match.
# Inside a string: `--api-key=V`, `TOKEN=V` (as for `docker -e`), `Authorization: V`, query parameters and user:V@host.
_ASSIGNMENT = re.compile(r"-{0,2}([A-Za-z][\w.-]*)(?:=|:\s+)(.+)", re.DOTALL)
_OPTION = re.compile(r"--?([A-Za-z][\w.-]*)")
_QUERY = re.compile(r"[?&]([\w.-]+)=([^&#\s]+)")
_USERINFO = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")


@dataclass(frozen=True, slots=True)
class LiteralSecret:
    """One literal secret. pointer: of the string that holds it.  start: its first byte in the text."""

    rule: str
    severity: str
    pointer: str
    start: int
    secret: str = field(repr=False)


def literal_secrets(raw: bytes, detector: Detector) -> tuple[LiteralSecret, ...]:
    """The literal secrets of a JSON text, by place. Raises engine.ScanOverBudget."""
    inspected = detector.inspect(raw)
    # Names come from a starred copy: a secret that is used as one must not stand in a pointer.
    starred = splice_stars(raw, [(0, each.start, each.end) for each in inspected])
    places = tuple(locate(starred, [token.start(1) for token in string_token.finditer(starred)]).values())
    known = {finding.pointer for finding in inspected}
    found = [_from_rule(each) for each in _gravest(inspected)]
    found += [each for each in _named(raw, places) if each.pointer not in known]
    return tuple(sorted(found, key=lambda each: each.start))


def _from_rule(finding: Finding) -> LiteralSecret:
    secret = finding.secret.decode("utf-8", "replace")
    return LiteralSecret(finding.rule, finding.severity, finding.pointer, finding.start, secret)


def _gravest(findings: Sequence[Finding]) -> list[Finding]:
    """Of findings that overlap, the gravest; of one rule at one pointer, the first. findings: by place."""
    apart: list[Finding] = []
    for finding in findings:
        if not apart or finding.start >= apart[-1].end:
            apart.append(finding)
        elif SEVERITIES.index(finding.severity) > SEVERITIES.index(apart[-1].severity):
            apart[-1] = finding
    return list({(each.rule, each.pointer): each for each in reversed(apart)}.values())


def _named(raw: bytes, places: Sequence[Place]) -> Iterator[LiteralSecret]:
    """What stands under a secret's name, one a string."""
    option: str | None = None
    for place in places:
        text = "" if place.is_key else _decoded(raw[place.start - 1 : place.end + 1])
        named_before = option if option is not None and not text.startswith("-") else None
        secret = _secret_in(text, named_before or place.pointer.rsplit("/", 1)[-1])
        if secret is not None:
            yield LiteralSecret(NAMED_SECRET, NAMED_SEVERITY, place.pointer, place.start, secret)
        option = _option_before(place, text)


def _decoded(token: bytes) -> str:
    """What a JSON string token says; bytes that are not UTF-8 read as U+FFFD."""
    return str(json.loads(token.decode("utf-8", "replace"), strict=False))


def _option_before(place: Place, text: str) -> str | None:
    """The option that this element of a list is, which names the element after it."""
    is_element = not place.is_key and place.pointer.rsplit("/", 1)[-1].isdigit()
    found = _OPTION.fullmatch(text) if is_element else None
    return None if found is None else found[1]


def _secret_in(text: str, name: str) -> str | None:
    """The literal secret of a string that is called `name`: the whole of it, or what it assigns to such a name."""
    if is_secret_name(name):
        return _literal(text)
    pairs = [found.groups() for found in _QUERY.finditer(text)]
    assigned = _ASSIGNMENT.fullmatch(text)
    pairs += [assigned.groups()] if assigned is not None else []
    values = [value for inner, value in pairs if is_secret_name(inner)]
    values += _USERINFO.findall(text)
    return next((secret for value in values if (secret := _literal(value)) is not None), None)


def is_secret_name(name: str) -> bool:
    """Whether what is called so is a secret by its name."""
    if _HARMLESS_KEY.search(name):
        return False
    return _SECRET_NAME.search(name) is not None or _CAMEL_KEY.search(name) is not None


def _literal(text: str) -> str | None:
    """The secret that the text spells out; None for a reference, a path, a placeholder or next to nothing."""
    plain = _DEFAULTED.sub(lambda found: found[1], text).strip()
    scheme = _SCHEME.match(plain)
    secret = plain[scheme.end() :] if scheme is not None else plain
    if len(secret) < MIN_SECRET_CHARS or _REFERENCE.match(secret) or "${" in secret:
        return None
    return None if _PATH.match(secret) or _PLACEHOLDER.search(secret) else secret
