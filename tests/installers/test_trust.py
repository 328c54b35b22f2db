import os

import pytest

from mcpgw.errors import ConfigFault, EnvironmentFault, Refused
from mcpgw.installers.trust import approve, deny, forget, record_approvals, stale
from mcpgw.registry.source import Cause
from mcpgw.state.trust import read_approval, read_approvals
from support.shared_project import shared_project


@pytest.fixture
def project(tmp_path):
    made = shared_project(tmp_path, tmp_path / "state")
    made.share("sh", "-c", "true", env={"B": "secret", "A": "1"})
    made.approve("sh", "-c", "true", env=("B", "A"))
    return made


@pytest.mark.requirement("trust.record")
def test_words_and_program_are_recorded_but_no_value_of_the_environment(project):
    approval = read_approval(project.layout, project.entry_id)
    assert approval.words == ("sh", ("-c", "true"), ("A", "B"))
    assert approval.binary.named.endswith("/sh")
    (name,) = os.listdir(project.layout.trust_dir)
    with open(f"{project.layout.trust_dir}/{name}") as file:
        assert "secret" not in file.read()
    assert stale(project.layout) == ()


def test_a_relative_command_is_one_of_the_project(project):
    project.program()
    project.approve("./server.sh")
    assert read_approval(project.layout, project.entry_id).binary.path == str(project.root / "server.sh")


def test_what_is_routed_no_longer_is_forgotten(project):
    forget(project.layout, [project.entry_id, "another:project@00000000:x"])
    assert read_approvals(project.layout) == ()


@pytest.mark.requirement("trust.review")
def test_approving_takes_the_content_that_was_shown(project):
    project.share("sh", "-c", "shown", env={"B": "", "A": ""})
    (change,) = stale(project.layout)
    project.share("sh", "-c", "swapped meanwhile", env={"B": "", "A": ""})
    approve(project.layout, change, now=2.0)
    assert read_approval(project.layout, project.entry_id).words.args == ("-c", "shown")
    assert [each.parts for each in stale(project.layout)] == [("args",)]


@pytest.mark.requirement("trust.review")
def test_a_denial_holds_until_it_changes_again(project):
    project.share("sh", "-c", "one")
    deny(project.layout, stale(project.layout)[0])
    assert [each.denied for each in stale(project.layout)] == [True]
    project.share("sh", "-c", "two")
    assert [each.denied for each in stale(project.layout)] == [False]
    approve(project.layout, stale(project.layout)[0], now=2.0)
    assert stale(project.layout) == ()


def test_another_program_is_an_item_and_can_be_approved(project):
    command = project.program()
    project.share(command)
    project.approve(command)
    assert project.program("banner=new") == command
    (change,) = stale(project.layout)
    assert change.cause is Cause.BINARY
    approve(project.layout, change, now=2.0)
    assert stale(project.layout) == ()


@pytest.mark.parametrize("content", [None, "{broken"])
def test_what_says_nothing_cannot_be_decided(project, content):
    project.file.unlink()
    if content is not None:
        project.file.write_text(content)
    (change,) = stale(project.layout)
    for decide in (lambda: approve(project.layout, change, now=2.0), lambda: deny(project.layout, change)):
        with pytest.raises(Refused, match="there is nothing to"):
            decide()


def test_a_record_of_another_format_is_the_configs_fault(project):
    (name,) = os.listdir(project.layout.trust_dir)
    with open(f"{project.layout.trust_dir}/{name}", "w") as file:
        file.write('{"v": 99}')
    with pytest.raises(ConfigFault, match="no trust record"):
        stale(project.layout)


def test_a_directory_that_cannot_be_written(tmp_path):
    made = shared_project(tmp_path, tmp_path / "state")
    (tmp_path / "state").write_text("a file")
    with pytest.raises(EnvironmentFault):
        record_approvals(made.layout, [made.entry("sh")], now=1.0)
