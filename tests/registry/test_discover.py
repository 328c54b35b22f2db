import json
import os
import subprocess
import sys

import pytest

from mcpgw.registry.discover import CLIENTS, client_named, discover, found_clients
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


ADDED = """
from mcpgw.registry.client import Client, listed_file
from mcpgw.registry.dialect import BY_KEYS

CLIENT = Client("added", "Added", lambda place: (listed_file("added", place.home + "/added.json", "servers", BY_KEYS),))
"""
# The verb as a user starts it, with one more directory to look for clients in.
LIST = """
import sys
from mcpgw.registry import clients

clients.__path__.append(sys.argv[1])
from mcpgw.cli.main import main

sys.exit(main(["list", "--json"]))
"""


@pytest.mark.requirement("list.clients-by-module")
def test_a_client_is_added_by_its_module_alone(tmp_path):
    home = furnished(tmp_path)
    write(home.home / "added.json", {"servers": {"one": {"command": "x"}}})
    write(tmp_path / "more" / "added.py", ADDED.encode())
    write(tmp_path / "more" / "serves_its_neighbours.py", b"CLIENT = None")
    environ = {**home.environ(), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", LIST, str(tmp_path / "more")], capture_output=True, timeout=60, env=environ, check=True
    )
    servers = json.loads(done.stdout)["servers"]
    assert [each["id"] for each in servers if each["client"] == "added"] == ["added:user:one"]


def test_clients_are_in_the_order_of_their_modules():
    names = [client.name.replace("-", "_") for client in found_clients()]
    assert names == sorted(names)
    assert len(names) == len(set(names))


def test_a_shared_file_that_is_broken_is_reported_once(tmp_path):
    home = furnished(tmp_path)
    (home.home / ".copilot").mkdir()
    write(home.project / ".mcp.json", b"{")
    readings = [each for each in discover(home.place).readings if each.file.path == str(home.project / ".mcp.json")]
    assert len(readings) == 2
    assert len(discover(home.place).problems) == 1


def test_a_broken_file_of_a_client_that_is_only_listed_does_not_block(tmp_path):
    home = furnished(tmp_path)
    write(home.home / ".kiro" / "settings" / "mcp.json", b"{")
    (problem,) = discover(home.place).problems
    assert not problem.blocking
