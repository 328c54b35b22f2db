"""Checks that tell a secret from its look-alikes. Each takes the matched bytes and answers yes or no; none raises."""

from __future__ import annotations

from binascii import a2b_base64
from math import log2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Issuer ranges (ISO/IEC 7812): first, last, allowed lengths.
_ISSUERS = (
    (340000, 349999, (15,)),  # American Express
    (370000, 379999, (15,)),
    (300000, 305999, (14,)),  # Diners Club
    (360000, 369999, (14,)),
    (352800, 358999, (16,)),  # JCB
    (400000, 499999, (13, 16, 19)),  # Visa
    (510000, 559999, (16,)),  # Mastercard
    (222100, 272099, (16,)),
    (601100, 601199, (16, 19)),  # Discover
    (644000, 659999, (16, 19)),
    (620000, 629999, (16, 17, 18, 19)),  # UnionPay
)

# Numbers that card networks and payment providers publish for tests; they are in every tutorial and in no wallet.
_PUBLISHED_TEST_CARDS = frozenset(
    b"4111111111111111 4012888888881881 4222222222222 4242424242424242 4000056655665556 4000000000000002 "
    b"4917610000000000 4005519200000004 4009348888881881 4012000033330026 4012000077777777 4500600000000061 "
    b"5555555555554444 5105105105105100 5200828282828210 2223003122003222 5454545454545454 5431111111111111 "
    b"5424000000000015 2223000048400011 5500000000000004 5506900490000436 "
    b"378282246310005 371449635398431 378734493671000 340000000000009 370000000000002 "
    b"30569309025904 38520000023237 36006666333344 36227206271667 "
    b"6011111111111117 6011000990139424 6011000000000004 6011981111111113 6011000000000012 "
    b"3530111333300000 3566002020360505 3566111111111113 6200000000000005 6205500000000000004 6250941006528599".split()
)

# Numbers that the Social Security Administration or advertisements made known.
_PUBLISHED_SSNS = frozenset((b"078051120", b"219099999", b"123456789", b"457555462"))

_NUMBER_PUNCTUATION = b" -."
MIN_DISTINCT_CHARACTERS = 5


def is_card(secret: bytes) -> bool:
    """Luhn (ISO/IEC 7812-1), issuer range and length; no published test number, no single repeated digit."""
    digits = secret.translate(None, _NUMBER_PUNCTUATION)
    if not digits.isdigit() or digits in _PUBLISHED_TEST_CARDS or len(set(digits)) < 3:
        return False
    prefix = int(digits[:6])
    if not any(first <= prefix <= last and len(digits) in lengths for first, last, lengths in _ISSUERS):
        return False
    return luhn(digits)


def luhn(digits: bytes) -> bool:
    """The mod 10 checksum over ASCII digits."""
    total = 0
    for place, code in enumerate(reversed(digits)):
        digit = code - 48
        doubled = digit * 2
        total += digit if place % 2 == 0 else doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def is_ssn(secret: bytes) -> bool:
    """Area not 000, 666 or 900-999, group not 00, serial not 0000 (SSA's rules), none that was published."""
    digits = secret.translate(None, _NUMBER_PUNCTUATION)
    if len(digits) != 9 or digits in _PUBLISHED_SSNS:
        return False
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in (b"000", b"666") and area < b"900" and group != b"00" and serial != b"0000"


def is_jwt(secret: bytes) -> bool:
    """The first part decodes to a JSON object that names an algorithm (RFC 7519, RFC 7515 section 4.1.1)."""
    header = secret.split(b".", 1)[0]
    try:
        decoded = a2b_base64(header.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(header) % 4))
    except ValueError:
        return False
    return decoded[:1] == b"{" and b'"alg"' in decoded


def is_private_key(secret: bytes) -> bool:
    """A PEM body follows the header, not an ellipsis or a template."""
    body = secret.split(b"-----")[2] if secret.count(b"-----") >= 2 else b""
    letters = body.replace(b"\\n", b"").replace(b"\\r", b"").translate(None, b" \r\n\t\\")
    return len(letters) >= 40 and len(set(letters)) >= 12


def is_mixed(secret: bytes) -> bool:
    """Looks generated: enough different characters, and digits beside letters."""
    has_digit = any(48 <= code <= 57 for code in secret)
    has_letter = any(65 <= code <= 90 or 97 <= code <= 122 for code in secret)
    return has_digit and has_letter and len(set(secret)) >= MIN_DISTINCT_CHARACTERS


def is_aws_secret(secret: bytes) -> bool:
    """Forty base64 characters of all three kinds; a hex digest or a path is none."""
    if all(code in b"0123456789abcdefABCDEF" for code in secret) or secret.count(b"/") > 6:
        return False
    return is_mixed(secret) and any(65 <= code <= 90 for code in secret) and any(97 <= code <= 122 for code in secret)


def entropy(secret: bytes) -> float:
    """Shannon entropy in bits per byte."""
    size = len(secret)
    return -sum((n := secret.count(code)) / size * log2(n / size) for code in set(secret)) if size else 0.0


VALIDATORS: dict[str, Callable[[bytes], bool]] = {
    "card": is_card,
    "ssn": is_ssn,
    "jwt": is_jwt,
    "private-key": is_private_key,
    "mixed": is_mixed,
    "aws-secret": is_aws_secret,
}
