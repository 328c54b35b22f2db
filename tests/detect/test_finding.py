"""A finding's own text does not give the secret away."""

from __future__ import annotations

from mcpgw.detect.engine import Match
from mcpgw.detect.finding import Finding
from mcpgw.policy.fingerprint import FingerprintKey


def test_repr_leaves_secrets_out() -> None:
    finding = Finding("r", "low", 0, 6, "/a", True, False, b"s3cret")
    assert "s3cret" not in f"{finding!r} {finding} {Match(0, 0, 6, b's3cret')!r} {FingerprintKey(b's3cret')!r}"
