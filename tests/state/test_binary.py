import os

import pytest

from mcpgw.state.binary import find_binary, is_same, lies_in


def program(path, content="#!/bin/sh\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


@pytest.fixture
def place(tmp_path):
    """Finds a command on a PATH of two folders, and says whether it is still the same."""
    search = f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}"
    return {"search": search, "cwd": str(tmp_path)}


def test_it_is_found_as_execvp_finds_it(tmp_path, place):
    program(tmp_path / "two" / "srv")
    (tmp_path / "one" / "srv").mkdir(parents=True)
    found = find_binary("srv", **place)
    assert (found.named, found.size) == (str(tmp_path / "two" / "srv"), 10)
    assert find_binary("two/../two/srv", **place).named == found.named
    assert find_binary(found.named, search="", cwd="/") == found
    assert find_binary("none", **place) is None
    assert find_binary("", **place) is None


def test_what_may_not_be_executed_is_passed_over(tmp_path, place):
    program(tmp_path / "one" / "srv").chmod(0o644)
    assert find_binary("srv", **place) is None


def test_links_are_resolved(tmp_path, place):
    real = program(tmp_path / "real")
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "srv").symlink_to(real)
    found = find_binary("srv", **place)
    assert (found.named, found.path) == (str(tmp_path / "one" / "srv"), str(real))


@pytest.mark.requirement("trust.binary")
def test_the_same_content_is_the_same_program(tmp_path, place):
    srv = program(tmp_path / "two" / "srv")
    approved = find_binary("srv", **place)
    assert is_same(approved, "srv", **place)
    os.utime(srv, (1, 1))  # reinstalled
    assert is_same(approved, "srv", **place)
    srv.rename(program(tmp_path / "one" / "srv"))
    assert is_same(approved, "srv", **place)


@pytest.mark.requirement("trust.binary")
def test_another_content_is_another_program(tmp_path, place):
    srv = program(tmp_path / "two" / "srv")
    approved = find_binary("srv", **place)
    program(srv, "#!/bin/rc\n")
    os.utime(srv, (1, 1))
    assert not is_same(approved, "srv", **place)
    srv.unlink()
    assert not is_same(approved, "srv", **place)


@pytest.mark.requirement("trust.binary")
def test_another_program_of_the_name_further_up_the_path_is_another(tmp_path, place):
    program(tmp_path / "two" / "srv")
    approved = find_binary("srv", **place)
    program(tmp_path / "one" / "srv", "evil")
    assert not is_same(approved, "srv", **place)


def test_below_a_directory():
    assert lies_in("/app/bin/x", "/app")
    assert lies_in("/app/x", "/app/")
    assert not lies_in("/application/x", "/app")
    assert not lies_in("/app", "/app")
