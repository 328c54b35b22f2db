from mcpgw.registry.claude.projects import USER_CONTAINERS, Project, projects_in
from mcpgw.registry.client import ConfigFile
from mcpgw.registry.reading import read_file
from support.client_home import write


def test_what_the_users_file_says_of_each_project(tmp_path):
    path = tmp_path / ".claude.json"
    known = {
        "hasTrustDialogAccepted": True,
        "disabledMcpServers": ["a", 1],
        "enabledMcpjsonServers": ["s"],
        "history": [1],
    }
    write(path, {"projects": {"/a": known, "C:\\b": {"hasTrustDialogAccepted": "yes"}, "/c": None}})
    found = projects_in((read_file(ConfigFile("claude-code", str(path), USER_CONTAINERS)),))
    assert (found["/a"].trusted, found["/a"].switched_off) == (True, {"a"})
    assert found["/a"].approvals.approved == {"s"}
    assert found["C:\\b"] == Project()
    assert "/c" not in found


def test_without_a_file_no_project_is_known():
    assert projects_in(()) == {}
