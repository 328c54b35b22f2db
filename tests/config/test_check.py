"""Checking all sources without writing anything."""

import os

from mcpgw.config.check import check_sources
from support.policies import entry, install_entries, pack_text, write_files

OVERLAYS = {"rules/a.toml": "[match]\nname = 'f*'\n", "rules/b.toml": "[match]\nname = 'git'\n"}


def test_what_is_valid_is_counted_and_overlays_name_their_servers(tmp_path):
    layout = write_files(tmp_path, OVERLAYS)
    install_entries(layout, entry("fs"), entry("fetch"))
    report = check_sources(layout)
    assert report.faults == ()
    assert report.rules == 11
    assert report.overlays == {
        "rules/a.toml": ("claude-code:user:fs", "claude-code:user:fetch"),
        "rules/b.toml": (),
    }
    assert report.unused == ("rules/b.toml",)


def test_nothing_is_written(tmp_path):
    check_sources(write_files(tmp_path, {}))
    assert os.listdir(tmp_path) == []


def test_faults_of_the_files_and_of_the_engine_are_reported(tmp_path):
    assert len(check_sources(write_files(tmp_path / "one", {"config.toml": "="})).faults) == 1
    files = {"config.toml": "packs = ['p.toml']\n", "p.toml": pack_text(pattern="TICKET(?:ab{1,100}c){1,16384}")}
    (fault,) = check_sources(write_files(tmp_path / "two", files)).faults
    assert fault.key == "rule[ticket].pattern"


def test_examples_that_both_engines_keep_are_no_fault(tmp_path):
    more = "examples = { match = ['ticket- TICKET-1234'], no_match = ['TICKET-12'] }"
    files = {"config.toml": "packs = ['p.toml']\n", "p.toml": pack_text(more=more)}
    assert check_sources(write_files(tmp_path, files)).faults == ()
