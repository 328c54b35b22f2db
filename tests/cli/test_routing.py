from dataclasses import replace

import pytest

from mcpgw.cli.routing import coverage_table, here, paragraphs, problems_json, problems_text, shown, source
from mcpgw.registry.client import Problem, project_directories
from mcpgw.registry.coverage import coverage
from mcpgw.registry.entry import Entry, Scope, Transport

ENTRY = Entry("claude-code", Scope.LOCAL, "/h/.claude.json", "/h/app", "fs", Transport.STDIO, "npx", (), (), None, "{}")


def test_the_home_is_written_short(monkeypatch):
    monkeypatch.setenv("HOME", "/h")
    assert source(ENTRY) == "~/.claude.json [~/app]"
    monkeypatch.setenv("HOME", "/other")
    assert source(ENTRY) == "/h/.claude.json [/h/app]"
    assert here().home == "/other"


@pytest.mark.requirement("cli.no-directory")
def test_a_directory_that_is_gone_is_no_project(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", "/h")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert project_directories(here()) == ()
    assert "the working directory has been deleted" in capsys.readouterr().err


def test_names_cannot_drive_the_terminal():
    table = coverage_table(coverage([replace(ENTRY, name="\x1b[2Jfs\u202e")], None))
    assert "\x1b" not in table
    assert "\\u001b[2Jfs\\u202e" in table


def test_a_line_that_is_quoted_stays_one_line():
    assert shown(["a\n- b\x1b", "c"]) == "a\\u000a- b\\u001b\nc"
    assert shown([]) == ""


def test_paths_of_problems_cannot_drive_the_terminal():
    problem = Problem("/\x1b", "/\x1b\n:1:1: broken", "mend it", blocking=True)
    assert problems_text([problem]) == "Left out:\n  /\\u001b\\u000a:1:1: broken"


def test_problems():
    problem = Problem("/f", "/f:1:1: broken", "mend it", blocking=True)
    assert problems_text([problem]) == "Left out:\n  /f:1:1: broken"
    assert problems_text([]) == ""
    assert problems_json([problem]) == [{"file": "/f", "message": "/f:1:1: broken", "next_step": "mend it"}]


def test_empty_paragraphs_are_left_out():
    assert paragraphs("a", "", "b") == "a\n\nb"
