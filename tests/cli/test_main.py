"""Errors become exit codes and two lines, never a traceback; every verb's help works."""

from __future__ import annotations

import click
import pytest

from mcpgw.cli import main as cli
from mcpgw.errors import EnvironmentFault, ExitCode, NotFound


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([verb, "--help"]) == 0
    assert "Usage: mcpgw" in capsys.readouterr().out


def test_unknown_verbs_and_options_are_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["statsu"]) == ExitCode.USAGE
    assert cli.main(["version", "--jsn"]) == ExitCode.USAGE
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (NotFound("no server is called x", "Look at `mcpgw list`."), 4, "  next: Look at `mcpgw list`."),
        (EnvironmentFault("the disk is full"), 6, "mcpgw: the disk is full"),
        (OSError(28, "No space left on device", "/x"), 6, "/x: No space left on device"),
        (FileNotFoundError(2, "No such file or directory"), 6, "  next: Change to a directory that exists"),
        (EnvironmentFault("/a\x1b[2J\nb is full"), 6, "mcpgw: /a\\u001b[2J\\u000ab is full"),
        (click.exceptions.Abort(), 130, "mcpgw: interrupted; no file is half-written"),
        (ValueError("s3cret"), 70, "this is a bug in mcpgw: ValueError at "),
    ],
)
def test_faults_are_two_lines_and_their_code(
    error: Exception, code: int, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command("version")
    def failing() -> None:
        raise error

    monkeypatch.setattr("mcpgw.cli.version.command", failing)
    assert cli.main(["version"]) == code
    said = capsys.readouterr().err
    assert words in said
    assert "s3cret" not in said
    assert said.count("\n") <= 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    assert "_MCPGW_COMPLETE" in capsys.readouterr().out
