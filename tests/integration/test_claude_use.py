"""What a server sees, and what hands other than ours do to its entry, with the real Claude Code client as the judge."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcpgw.paths import StateLayout
from support import parts
from support.claude_home import ClaudeHome, ToolOutcome
from support.client_home import write
from support.messages_api import model_that_calls

pytestmark = pytest.mark.timeout(300)
WINDOW = str(Path(__file__).parents[1] / "support" / "window_server.py")
MATRIX = (
    "${HOME}",
    "${NOPE}",
    "${NOPE:-d}",
    "$HOME",
    "${HOME-d}",
    "${HOME:+x}",
    "$${HOME}",
    "a${HOME}b",
)
EXPANDED = ("~", "${NOPE}", "d", "$HOME", "${HOME-d}", "${HOME:+x}", "$~", "a~b")
POISON = {"PYTHONPATH": "/nonexistent", "PYTHONSTARTUP": "/x", "PATH": "/usr/bin:/bin", "V": "${HOME}"}
REMOTE = {"type": "http", "url": "http://127.0.0.1:9/mcp", "headers": {"X-Org": "acme"}}
LOGIN = "docs|" + hashlib.sha256(json.dumps(REMOTE, separators=(",", ":")).encode()).hexdigest()[:16]
# They differ from session to session.
VARIES = {"ANTHROPIC_BASE_URL", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_CHILD_NOTES_DIR"} | {
    f"CLAUDE_CODE_{name}" for name in ("LAUNCHED_BY_SESSION_IDS", "MESSAGING_TOKEN", "MESSAGING_SOCKET")
}


def window(*options: str, **keys: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": [WINDOW, *options], **keys}


SERVERS = {
    "matrix": window(*MATRIX, env=POISON, timeout=60000),
    "ignores": window("probe=ignore"),
    "answers": window("probe=answer"),
    "older": window("old=2024-11-05"),
    "unknown": window("old=2099-01-01"),
    'my "srv" ünï.1': window("mark=name"),
    "docs": REMOTE,
}


def furnish(root: Path) -> ClaudeHome:
    made = ClaudeHome(root, parts.claude_code())
    (root / "project").mkdir(parents=True)
    write(made.config, {"numStartups": 3, "mcpServers": SERVERS})
    write(root / ".claude" / ".credentials.json", {"mcpOAuth": {LOGIN: {"accessToken": "t"}}})
    return made


def seen(home: ClaudeHome, outcome: ToolOutcome) -> Any:
    """How the server was started, with `~` for the home."""
    assert not outcome.is_error
    found = json.loads(outcome.content[0]["text"].replace(str(home.root), "~"))
    found["env"] = {name: value for name, value in found["env"].items() if name not in VARIES}
    return found


def fates(home: ClaudeHome) -> dict[str, str]:
    """What `mcp list` says of each server, in its order."""
    lines = [line for line in home.claude("mcp", "list").stdout.splitlines() if " - " in line]
    return {line.split(": ", 1)[0]: line.rsplit(" - ", 1)[1] for line in lines}


def mcpgw(home: ClaudeHome, *arguments: str) -> None:
    done = home.mcpgw(*arguments, "--yes")
    assert done.returncode == 0, done.stderr


def servers(home: ClaudeHome) -> Any:
    return json.loads(home.config.read_bytes())["mcpServers"]


@pytest.mark.requirement("client.claude-code-sees-the-same")
def test_a_server_is_started_and_spoken_to_as_without_the_gateway(tmp_path: Path) -> None:
    home, control = furnish(tmp_path / "home"), furnish(tmp_path / "control")
    mcpgw(home, "install")
    assert fates(home) == fates(control)
    assert sum("Connected" in each for each in fates(control).values()) == len(SERVERS) - 2
    for name in ("matrix", "answers", "my__srv___n__1"):
        ours, theirs = (seen(each, each.call(name, "look", {})) for each in (home, control))
        assert ours == theirs
        assert name != "matrix" or ours["argv"] == list(EXPANDED)
    mcpgw(home, "uninstall")
    assert json.dumps(servers(home)) == json.dumps(SERVERS)
    (login,) = json.loads((home.root / ".claude" / ".credentials.json").read_bytes())["mcpOAuth"]
    assert login == LOGIN


@pytest.mark.requirement("client.claude-code-sees-the-same")
def test_the_model_is_offered_the_same_tools_prompts_and_resources(tmp_path: Path) -> None:
    home, control = furnish(tmp_path / "home"), furnish(tmp_path / "control")
    mcpgw(home, "install")
    ours, theirs = (each.call("matrix", "look", {}) for each in (home, control))
    assert "mcp__older__look" in theirs.tools and any("greet" in each for each in theirs.commands)
    assert list(ours.tools.items()) == list(theirs.tools.items())
    assert sorted(ours.commands) == sorted(theirs.commands)  # in the order in which servers answered
    listed = [_resources(each) for each in (home, control)]
    assert listed[0] == listed[1] and "window://view" in listed[1]


def _resources(home: ClaudeHome) -> str:
    """What the client's own tool says of a server's resources."""
    with model_that_calls("ListMcpResourcesTool", {"server": "matrix"}) as model:
        done = home.claude(
            *("-p", "hi", "--output-format", "stream-json", "--verbose"),
            *("--allowedTools", "ListMcpResourcesTool"),
            ANTHROPIC_BASE_URL=model.url,
            ANTHROPIC_API_KEY="sk-ant-dummy",
        )
    return next(
        json.loads(line)["message"]["content"][0]["content"]
        for line in done.stdout.splitlines()
        if "tool_result" in line
    )


@pytest.mark.requirement("client.claude-code-sees-the-same")
def test_an_interpreter_that_the_entry_points_elsewhere_is_not_the_gateways(tmp_path: Path) -> None:
    home = furnish(tmp_path / "home")
    lost = {"command": "env", "args": ["-u", "PYTHONHOME", sys.executable, WINDOW], "env": {"PYTHONHOME": "/none"}}
    write(home.config, {"mcpServers": {"lost": lost}})
    before = seen(home, home.call("lost", "look", {}))
    mcpgw(home, "install")
    assert seen(home, home.call("lost", "look", {})) == before


@pytest.mark.requirement("client.claude-code-sees-the-same")
def test_a_moved_config_directory_is_routed_too(tmp_path: Path) -> None:
    home = furnish(tmp_path / "home")
    moved = {"CLAUDE_CONFIG_DIR": str(home.root / "elsewhere")}
    (home.root / "elsewhere").mkdir()
    home.config.rename(home.root / "elsewhere" / ".claude.json")
    home = replace(home, settings=moved)
    before = home.call("answers", "look", {})
    mcpgw(home, "install")
    routed = json.loads((home.root / "elsewhere" / ".claude.json").read_bytes())["mcpServers"]["answers"]
    assert routed["args"][0] == "run"
    assert seen(home, home.call("answers", "look", {})) == seen(home, before)
    assert {"tool": "look", "server": "answers", "calls": 1, "stopped": 0} in home.mcpgw_json("metrics")["tools"]
    mcpgw(home, "uninstall")
    after = json.loads((home.root / "elsewhere" / ".claude.json").read_bytes())["mcpServers"]
    assert json.dumps(after) == json.dumps(SERVERS)


@pytest.mark.requirement("uninstall.keeps-edits")
def test_what_the_client_adds_changes_and_removes_stays(tmp_path: Path) -> None:
    home = furnish(tmp_path / "home")
    for _ in range(2):
        mcpgw(home, "install")
    for arguments in (("add", "-s", "user", "late", "--", "echo", "a"), ("remove", "-s", "user", "older")):
        assert home.claude("mcp", *arguments).returncode == 0
    mcpgw(home, "install")
    tree = json.loads(home.config.read_bytes())
    tree["mcpServers"]["ignores"]["args"].append("mark=edited")
    write(home.config, tree)
    assert fates(home)["ignores"] == "✔ Connected"
    for _ in range(2):
        mcpgw(home, "uninstall")
    left = servers(home)
    late = left.pop("late")
    assert (late["command"], late["args"]) == ("echo", ["a"])
    kept = {name: entry for name, entry in SERVERS.items() if name != "older"}
    assert left == {**kept, "ignores": window("probe=ignore", "mark=edited")}


@pytest.mark.requirement("rollback.stand-alone")
@pytest.mark.parametrize("state", ["kept", "gone"])
def test_after_real_use_the_script_alone_takes_it_off(tmp_path: Path, state: str) -> None:
    home = furnish(tmp_path / "home")
    layout = StateLayout(str(home.root / ".local" / "share" / "mcpgw"))
    mcpgw(home, "install")
    assert not home.call("answers", "look", {}).is_error
    script = shutil.copy(layout.rollback_script, home.root / "rollback")
    arguments = (str(home.config),) if state == "gone" else ()
    if state == "gone":
        shutil.rmtree(layout.root)
    else:
        script = layout.rollback_script
    base: str = sys._base_executable  # type: ignore[attr-defined]
    done: subprocess.CompletedProcess[str] = home.run_in(home.root, [base, "-IS", str(script), *arguments])
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.dumps(servers(home)) == json.dumps(SERVERS)
