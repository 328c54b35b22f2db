from dataclasses import replace

import pytest

from mcpgw.registry.claude.standing import grounds
from mcpgw.registry.entry import Entry, Scope, Standing, Transport
from support.client_home import client_home, write

USER = Entry("claude-code", Scope.USER, "/f", None, "s", Transport.STDIO, "npx", (), (), None, "{}")


@pytest.fixture
def home(tmp_path):
    return client_home(tmp_path)


def judged(home, entry):
    base = grounds(home.place, ())
    return base.judged(entry, base.space_of(entry))


def test_without_any_settings_it_is_active(home):
    assert judged(home, USER).standing is Standing.ACTIVE


@pytest.mark.requirement("list.reserved-names")
@pytest.mark.parametrize("scope", [Scope.USER, Scope.LOCAL, Scope.PROJECT])
def test_the_clients_own_names_are_skipped(home, scope):
    found = judged(home, replace(USER, scope=scope, name="workspace", project_key="/p", config_file="/p/.mcp.json"))
    assert (found.transport, found.note) == (Transport.INVALID, "the client keeps this name for itself")


def test_plugins_may_use_them(home):
    assert judged(home, replace(USER, scope=Scope.PLUGIN, name="workspace")).transport is Transport.STDIO


def test_an_administrator_may_admit_servers_of_plugins_only(home):
    write(home.managed_file.with_name("managed-settings.json"), {"strictPluginOnlyCustomization": True})
    assert judged(home, USER).standing is Standing.OVERRULED
    assert judged(home, replace(USER, scope=Scope.AGENT)).standing is Standing.ACTIVE


def test_a_connector_can_be_switched_off(home):
    connector = replace(USER, scope=Scope.CONNECTOR, transport=Transport.HTTP)
    assert judged(home, connector).standing is Standing.ACTIVE
    write(home.home / ".claude" / "settings.json", {"disableClaudeAiConnectors": True})
    assert judged(home, connector).standing is Standing.DISABLED
