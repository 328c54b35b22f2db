import subprocess

import pytest

from mcpgw.registry.claude.git import git_root


def git(directory, *arguments):
    identity = ("-c", "user.email=ada@example.org", "-c", "user.name=Ada", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(directory), *identity, "-c", "protocol.file.allow=always", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@pytest.fixture
def repository(tmp_path):
    made = tmp_path / "app"
    (made / "sub" / "deep").mkdir(parents=True)
    git(made, "init", "-q")
    git(made, "commit", "-q", "--allow-empty", "-m", "one")
    return made


def test_a_subdirectory_a_link_and_a_worktree_are_one_project(repository, tmp_path):
    git(repository, "worktree", "add", "-q", str(tmp_path / "other"))
    (tmp_path / "other" / "in").mkdir()
    (tmp_path / "link").symlink_to(repository / "sub")
    for directory in (repository, repository / "sub" / "deep", tmp_path / "link" / "deep", tmp_path / "other" / "in"):
        assert git_root(str(directory)) == str(repository)


def test_without_a_repository_it_is_the_directory_itself(tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    assert git_root(str(tmp_path / "link")) == str(tmp_path / "plain")
    assert git_root("/no/such/directory") == "/no/such/directory"


def test_a_submodule_is_a_project_of_its_own(repository, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    git(inner, "commit", "-q", "--allow-empty", "-m", "one")
    git(repository, "submodule", "add", "-q", str(inner), "part")
    assert git_root(str(repository / "part")) == str(repository / "part")


@pytest.mark.parametrize(
    "text", ["", "nonsense", "gitdir: {app}/.git/worktrees/other", "gitdir: {app}/.git", "gitdir: /no"]
)
def test_a_git_file_cannot_borrow_another_project(repository, tmp_path, text):
    git(repository, "worktree", "add", "-q", str(tmp_path / "other"))
    thief = tmp_path / "thief"
    thief.mkdir()
    (thief / ".git").write_text(text.format(app=repository))
    assert git_root(str(thief)) == str(thief)


def test_worktrees_of_a_bare_repository_share_it(repository, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(tmp_path / "bare"))
    git(tmp_path / "bare", "worktree", "add", "-q", str(tmp_path / "tree"))
    assert git_root(str(tmp_path / "tree")) == str(tmp_path / "bare")
