import pytest

from mcpgw.registry.claude.workspace import approved_in, workspaces
from mcpgw.registry.clients.claude_code import files
from mcpgw.registry.reading import read_file
from support.client_home import client_home, write

YES = {"enabledMcpjsonServers": ["s"]}


@pytest.fixture
def home(tmp_path):
    made = client_home(tmp_path)
    (made.project / ".git").mkdir()
    (made.project / "sub").mkdir()
    return made


def trust(home, **more):
    write(home.code_file, {"projects": {str(home.project): {"hasTrustDialogAccepted": True, **more}}})


def approved(home, directory=None):
    readings = tuple(map(read_file, files(home.place)))
    return approved_in(home.place, readings, str(directory or home.project), "s")


def test_nobody_said_yes(home):
    assert not approved(home)


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
def test_a_yes_beside_the_server_needs_a_trusted_project(home, name):
    write(home.project / ".claude" / name, YES)
    assert not approved(home)
    trust(home)
    assert approved(home)


def test_a_yes_of_the_users_or_the_administrators_does_not(home):
    write(home.home / ".claude" / "settings.json", YES)
    assert approved(home)
    write(home.home / ".claude" / "settings.json", {})
    write(home.managed_file.with_name("managed-settings.d") / "1.json", {"enableAllProjectMcpServers": True})
    assert approved(home)


def test_an_older_answer_in_the_users_file_counts(home):
    trust(home, **YES)
    assert approved(home)
    assert approved(home, home.project / "sub")


def test_a_subdirectory_has_the_private_answers_of_its_root_but_not_the_shared_ones(home):
    trust(home)
    write(home.project / ".claude" / "settings.json", YES)
    assert not approved(home, home.project / "sub")
    write(home.project / ".claude" / "settings.local.json", YES)
    assert approved(home, home.project / "sub")


def test_the_strongest_word_on_a_plugin_counts(home):
    write(home.home / ".claude" / "settings.json", {"enabledPlugins": {"a@m": True, "b@m": False}})
    write(home.project / ".claude" / "settings.local.json", {"enabledPlugins": {"a@m": False}})
    spaces = workspaces(home.place, ())
    assert [spaces.at(None).plugin_on(each) for each in ("a@m", "b@m", "c@m")] == [True, False, False]
    assert not spaces.at(str(home.project)).plugin_on("a@m")
