"""The import contracts hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.requirement("architecture.imports")
def test_import_contracts() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "3 kept, 0 broken" in done.stdout


def test_packages_hold_no_code_in_their_init() -> None:
    for init in (ROOT / "src" / "mcpgw").rglob("__init__.py"):
        text = init.read_text("utf-8").strip()
        assert not text or (text.startswith('"""') and text.endswith('"""')), init
