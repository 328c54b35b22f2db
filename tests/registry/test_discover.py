import pytest

from mcpgw.registry.discover import CLIENTS, client_named, discover
from support.client_home import client_home, furnished, write


def test_an_empty_home_has_nothing(tmp_path):
    found = discover(client_home(tmp_path).place)
    assert (found.entries, found.problems, found.files()) == ((), (), ())


@pytest.mark.requirement("list.every-server")
def test_every_server_of_every_client_is_found(tmp_path):
    home = furnished(tmp_path)
    found = discover(home.place)
    assert [(each.client, str(each.scope), each.name) for each in found.entries] == [
        ("claude-code", "user", "fs"),
        ("claude-code", "user", "sentry"),
        ("claude-code", "local", "db"),
        ("claude-code", "project", "shared"),
        ("claude-desktop", "user", "git mine"),
    ]
    assert [file.path for file in found.files()] == [
        str(home.code_file),
        str(home.project / ".mcp.json"),
        str(home.desktop_file),
    ]


def test_a_broken_file_is_reported_and_the_others_are_read(tmp_path):
    home = furnished(tmp_path)
    write(home.code_file, b"{")
    found = discover(home.place)
    assert [each.name for each in found.entries] == ["shared", "git mine"]
    (problem,) = found.problems
    assert (problem.path, problem.blocking) == (str(home.code_file), True)


def test_a_broken_project_file_does_not_block(tmp_path):
    home = furnished(tmp_path)
    write(home.project / ".mcp.json", b"{")
    (problem,) = discover(home.place).problems
    assert not problem.blocking


def test_clients_are_known_by_name():
    assert [client_named(client.name) for client in CLIENTS] == list(CLIENTS)
    with pytest.raises(KeyError):
        client_named("nope")
