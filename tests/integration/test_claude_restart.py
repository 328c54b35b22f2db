"""The real Claude Code client, whose server ends in the middle of a call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import parts
from support.claude_home import ClaudeHome
from support.mortal import mortal_server


@pytest.mark.timeout(300)
@pytest.mark.requirement("respawn.real-clients")
@pytest.mark.parametrize("settings", [{}, {"MCP_PROTOCOL_NEGOTIATION": "legacy"}], ids=["newest", "legacy"])
def test_the_model_reads_what_became_of_its_call(tmp_path: Path, settings: dict[str, str]) -> None:
    command, *arguments = mortal_server(tmp_path, "tools=die,echo", "declare=tools")
    (tmp_path / "home" / "project").mkdir(parents=True)
    entry = {"mcpServers": {"mortal": {"command": command, "args": arguments}}}
    (tmp_path / "home" / ".claude.json").write_text(json.dumps(entry))
    home = ClaudeHome(tmp_path / "home", parts.claude_code(), settings=settings)
    assert home.mcpgw("install", "--yes").returncode == 0
    outcome = home.call("mortal", "die", {})
    assert outcome.servers == {"mortal": "connected"} and outcome.is_error
    assert "exit code 7" in str(outcome.content) and "state is lost" in str(outcome.content)
    again = home.call("mortal", "echo", {})
    assert not again.is_error and "life" in str(again.content)
