"""Configs are shown without their secrets."""

from __future__ import annotations

import pytest

from mcpgw.cli.demo_home import aws_key_id
from mcpgw.cli.masking import masked


@pytest.mark.requirement("cli.diff-masked")
def test_a_secret_in_an_argument_is_shown_as_its_preview() -> None:
    key = aws_key_id()
    shown = masked(f'- "args": ["--key", "{key}"]\n+ "args": ["run", "--", "x", "--key", "{key}"]')
    assert key not in shown
    assert shown.count("AKIA***") == 2
    assert '"args": ["run", "--", "x", "--key", "AKIA***"]' in shown


def test_text_without_secrets_stays_as_it_is() -> None:
    text = 'é "command": "npx"\n+ "args": ["-y", "server-filesystem"]\udcff\ud800'
    assert masked(text) == text
