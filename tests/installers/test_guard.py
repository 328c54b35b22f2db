import os

import pytest

from mcpgw.errors import ConfigFault, EnvironmentFault, Refused
from mcpgw.installers.guard import Tolerance, concerns, require_none, stands_in_the_way
from mcpgw.installers.plan import FilePlan
from mcpgw.installers.sessions import Process
from mcpgw.registry.client import Problem
from mcpgw.registry.discover import discover
from mcpgw.registry.select import Choice
from support.client_home import furnished

DESKTOP = (Process(1, "Claude", 1.0),)


def desktop_plan(home, new=b"new"):
    (file,) = (file for file in discover(home.place).files() if file.client == "claude-desktop")
    return FilePlan(file, b"old", new, (), ())


@pytest.mark.requirement("install.desktop-running")
def test_a_running_desktop_stands_in_the_way(tmp_path):
    plan = desktop_plan(furnished(tmp_path))
    problem = stands_in_the_way(plan, DESKTOP, Tolerance())
    assert problem is not None
    assert problem.kind is Refused
    assert stands_in_the_way(plan, DESKTOP, Tolerance(force=True)) is None
    assert stands_in_the_way(plan, (), Tolerance()) is None


def test_a_file_that_does_not_change_is_never_in_the_way(tmp_path):
    assert stands_in_the_way(desktop_plan(furnished(tmp_path), b"old"), DESKTOP, Tolerance()) is None


def test_a_file_that_cannot_be_replaced_is(tmp_path):
    home = furnished(tmp_path)
    os.link(home.desktop_file, tmp_path / "twin")
    problem = stands_in_the_way(desktop_plan(home), (), Tolerance())
    assert problem is not None
    assert problem.kind is EnvironmentFault


def test_the_first_problem_ends_it_unless_told_to_go_on():
    problem = Problem("/f", "broken", "mend it", blocking=True)
    require_none([], Tolerance())
    require_none([problem], Tolerance(keep_going=True))
    with pytest.raises(ConfigFault, match="broken"):
        require_none([problem], Tolerance())


def test_another_clients_file_is_no_concern(tmp_path):
    home = furnished(tmp_path)
    found = discover(home.place)
    assert concerns(str(home.code_file), found, Choice())
    assert concerns(str(home.code_file), found, Choice(client="claude-code"))
    assert not concerns(str(home.code_file), found, Choice(client="claude-desktop"))
