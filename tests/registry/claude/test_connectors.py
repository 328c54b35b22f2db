import pytest

from mcpgw.registry.claude.connectors import connector_entries, unseen_connectors
from mcpgw.registry.claude.projects import USER_CONTAINERS
from mcpgw.registry.client import ConfigFile
from mcpgw.registry.entry import Scope
from mcpgw.registry.reading import read_file
from support.client_home import write


def readings(tmp_path, **keys):
    write(tmp_path / ".claude.json", {"mcpServers": {}, **keys})
    return (read_file(ConfigFile("claude-code", str(tmp_path / ".claude.json"), USER_CONTAINERS)),)


@pytest.mark.requirement("list.connectors")
def test_connectors_that_have_connected_before_are_listed(tmp_path):
    known = readings(tmp_path, claudeAiMcpEverConnected=["claude.ai Notion", 7, "claude.ai Asana"])
    found = connector_entries(known)
    assert [(each.name, each.scope, each.url) for each in found] == [
        ("claude.ai Asana", Scope.CONNECTOR, None),
        ("claude.ai Notion", Scope.CONNECTOR, None),
    ]


def test_without_an_account_there_is_nothing_to_say(tmp_path):
    assert connector_entries(readings(tmp_path)) == ()
    assert unseen_connectors(readings(tmp_path)) is None
    assert "claude.ai" in (unseen_connectors(readings(tmp_path, oauthAccount={"accountUuid": "x"})) or "")
