import pytest

from mcpgw.registry.claude.settings import JsonFiles, Settings, settings_from
from support.client_home import write


def test_what_is_of_the_wrong_kind_says_nothing():
    odd = {"enabledPlugins": [], "strictPluginOnlyCustomization": "mcp", "managedMcpServers": 1, "allowedMcpServers": 1}
    assert settings_from(odd) == Settings()


def test_what_it_says():
    found = settings_from(
        {
            "enabledPlugins": {"a@m": True, "b@m": False, "c@m": ["^1"]},
            "strictPluginOnlyCustomization": ["mcp", "hooks"],
            "disableClaudeAiConnectors": True,
            "managedMcpServers": {"x": {}},
        }
    )
    assert found.plugins == {"a@m": True, "b@m": False, "c@m": True}
    assert (found.plugin_servers_only, found.connectors_off, found.servers) == (True, True, {"x": {}})


def test_an_absent_file_says_nothing_and_is_no_problem(tmp_path):
    files = JsonFiles()
    assert files.settings(str(tmp_path / "none" / "settings.json")) == Settings()
    assert files.problems == []


@pytest.mark.parametrize("content", [b"[]", b"{", b"", b"null", b"[" * 100_000])
def test_a_broken_file_is_reported_once(tmp_path, content):
    write(tmp_path / "s.json", content)
    files = JsonFiles()
    for _ in range(2):
        assert files.object(str(tmp_path / "s.json")) == {}
    (problem,) = files.problems
    assert (problem.path, problem.blocking) == (str(tmp_path / "s.json"), False)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    write(tmp_path / "s.json", b'\xef\xbb\xbf{"a": 1}')
    assert JsonFiles().object(str(tmp_path / "s.json")) == {"a": 1}
