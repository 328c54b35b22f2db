"""The default policy of each profile, compiled once, as a Judge."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from mcpgw.config.compile import compile_policy
from mcpgw.gateway.judging import Judge
from mcpgw.paths import StateLayout
from mcpgw.policy.fingerprint import FingerprintKey
from mcpgw.policy.snapshot import load


@cache
def judge(profile: str = "balanced", settings: str = "") -> Judge:
    """A Judge of the compiled default rules. settings: more lines for config.toml."""
    with tempfile.TemporaryDirectory() as root:
        Path(root, "config.toml").write_text(f'profile = "{profile}"\n{settings}\n', encoding="utf-8")
        layout = StateLayout(root)
        compile_policy(layout)
        snapshot = load(layout, entry=None, name="x")
    return Judge(
        snapshot.policy, snapshot.detector, FingerprintKey(b"k" * 32), (b"TOKEN-OF-THE-ENTRY-AKIAZ7PLM4QXNW2KJ5TD",)
    )
