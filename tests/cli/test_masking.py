"""Configs are shown without their secrets."""

from __future__ import annotations

import pytest

from mcpgw.cli.demo_home import aws_key_id
from mcpgw.cli.masking import masked, masked_command, masked_words


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


@pytest.mark.requirement("cli.diff-masked")
@pytest.mark.parametrize(
    ("words", "secret"),
    [
        (("npx", "--api-key", "hunter2hunter2x"), "hunter2hunter2x"),
        (("npx", "--token=hunter2hunter2x", "-y"), "hunter2hunter2x"),
        (("npx", "--key", aws_key_id()), "AKIA"),
        (("npx", "https://ada:hunter2hunter2x@a.test/"), "hunter2hunter2x"),
    ],
)
def test_a_secret_that_only_its_name_tells_of_is_shortened_too(words: tuple[str, ...], secret: str) -> None:
    shown = masked_words(words)
    assert len(shown) == len(words)
    assert shown[0] == words[0]
    assert secret not in " ".join(shown).replace("AKIA***", "")


def test_words_without_secrets_and_absent_args_stay() -> None:
    words = ("npx", "-y", "fs", "${HOME}/work", "--api-key", "${KEY}", "é\ud800")
    assert masked_words(words) == words
    assert masked_command(("uvx", None)) == ("uvx", None)
    assert masked_command(("uvx", ())) == ("uvx", ())
