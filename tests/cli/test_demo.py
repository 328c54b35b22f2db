"""The demo tells the whole story and fails when a promise is not kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcpgw.cli.demo import Story, tell
from mcpgw.cli.demo_home import DemoHome, aws_key_id, private_key


def _demo(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mcpgw", "demo", *options],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.requirement("demo.story")
def test_keeps_every_promise_and_leaves_the_real_home_alone(tmp_path: Path) -> None:
    done = _demo("--json", HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path / "data"), CLAUDECODE="1")
    story = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert story["schema"] == "mcpgw.demo/1"
    assert story["kept"]
    assert len(story["steps"]) >= 15
    assert list(tmp_path.iterdir()) == []


@pytest.mark.requirement("demo.story")
def test_reads_in_a_terminal_without_colour(tmp_path: Path) -> None:
    done = _demo(HOME=str(tmp_path), NO_COLOR="1")
    assert done.returncode == 0, done.stdout
    assert "\x1b" not in done.stdout
    for line in ("1. A home", "2. One command on", "5. One command off", "$ mcpgw install --yes", "Blocked by mcpgw"):
        assert line in done.stdout


class _UnprotectedHome(DemoHome):
    """A home whose policy only watches: what the demo promises to be blocked passes."""

    def write(self) -> None:
        super().write()
        state = Path(self.environ["MCPGW_HOME"])
        state.mkdir(parents=True, mode=0o700)
        (state / "config.toml").write_text('profile = "observe"\n', encoding="utf-8")


@pytest.mark.requirement("demo.exit")
def test_a_gateway_that_does_not_block_fails_the_demo(tmp_path: Path) -> None:
    story = Story(say=lambda _: None)
    tell(_UnprotectedHome(tmp_path, private_key()), story)
    kept = {step.promise: step.kept for step in story.steps}
    assert not story.kept
    assert kept["a clean call passes"]
    assert not kept["a call that leaks an AWS key is blocked"]
    assert not kept["the server never saw that key"]
    assert not kept["a private key in a result is redacted"]


def test_its_secrets_are_made_up_anew_each_time() -> None:
    assert aws_key_id() != aws_key_id()
    assert private_key() != private_key()
