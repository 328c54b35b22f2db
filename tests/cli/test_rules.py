"""`mcpgw rules`."""

import json

import pytest

from mcpgw.cli.main import main
from support.policies import entry, install_entries, write_files


@pytest.fixture
def mcpgw(tmp_path, monkeypatch, capsys):
    """Runs a command line in a state directory of its own: (exit code, stdout, stderr)."""
    monkeypatch.setenv("MCPGW_HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        code = main(["rules", *arguments])
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def installed(tmp_path):
    """Three servers, and an overlay for those named fs."""
    layout = write_files(tmp_path, {"rules/fs.toml": "[match]\nname = 'fs'\n[rules.ssn]\naction = 'log'\n"})
    install_entries(layout, entry("fs"), entry("fs", client="claude-desktop"), entry("git"))
    return layout


def columns(out, rule):
    return next(line.split() for line in out.splitlines() if line.startswith(rule))


def test_list_shows_every_rule_and_what_is_done(mcpgw):
    code, out, _ = mcpgw("list")
    assert code == 0
    assert out.startswith("profile balanced\n")
    assert columns(out, "credit-card")[:5] == ["credit-card", "critical", "block", "redact", "alert"]


def test_list_as_json(mcpgw, tmp_path):
    write_files(tmp_path, {"config.toml": "[rules.ssn]\nenabled = false\nseverity = 'low'\n"})
    payload = json.loads(mcpgw("list", "--json")[1])
    assert (payload["schema"], payload["profile"], len(payload["rules"])) == ("mcpgw.rules/1", "balanced", 11)
    ssn = next(rule for rule in payload["rules"] if rule["id"] == "ssn")
    assert (ssn["declared"], ssn["severity"], ssn["to_server"]) == ("block", "low", None)


def test_a_rule_that_is_off_says_so(mcpgw, tmp_path):
    write_files(tmp_path, {"config.toml": "[rules.ssn]\nenabled = false\n"})
    assert columns(mcpgw("list")[1], "ssn")[2:5] == ["off", "off", "off"]


def test_show_without_a_server_is_the_default_policy(mcpgw, installed):
    code, out, _ = mcpgw("show")
    assert code == 0
    assert out.startswith("policy of servers without an overlay: profile balanced\n")
    assert columns(out, "ssn") == ["ssn", "critical", "block", "redact", "alert"]
    assert columns(out, "audit.record") == ["audit.record", "params"]


def test_show_of_one_entry_with_origins(mcpgw, installed):
    code, out, _ = mcpgw("show", "claude-code:user:fs", "--origin")
    assert code == 0
    assert "policy of claude-code:user:fs: profile balanced (default)" in out
    assert "log (rules/fs.toml)" in out
    assert "redact (profile balanced)" in out


def test_show_as_json_has_the_origins(mcpgw, installed):
    payload = json.loads(mcpgw("show", "git", "--json")[1])
    assert (payload["server"], payload["entry"], payload["overlays"]) == ("git", "claude-code:user:git", [])
    payload = json.loads(mcpgw("show", "claude-desktop:user:fs", "--json")[1])
    assert payload["overlays"] == ["rules/fs.toml"]
    assert payload["rules"]["ssn"]["to_server"] == {"value": "log", "origin": "rules/fs.toml"}


def test_an_ambiguous_name_lists_the_choices(mcpgw, installed):
    code, _, err = mcpgw("show", "fs")
    assert code == 2
    assert "Name one of: claude-code:user:fs, claude-desktop:user:fs" in err


def test_an_unknown_server_is_not_found(mcpgw, installed):
    code, _, err = mcpgw("show", "gitt")
    assert code == 4
    assert 'no installed server is named gitt; did you mean "git"?' in err


def test_a_name_that_only_an_overlay_has(mcpgw, tmp_path):
    write_files(tmp_path, {"rules/mine.toml": "profile = 'strict'\n[match]\nname = 'mine'\n"})
    assert mcpgw("show", "mine")[1].startswith("policy of mine: profile strict\n")


def test_check_lists_the_servers_of_each_overlay(mcpgw, installed, tmp_path):
    write_files(tmp_path, {"rules/z.toml": "[match]\nname = 'gone'\n"})
    code, out, _ = mcpgw("check")
    assert code == 0
    assert out.splitlines() == [
        "rules/fs.toml: claude-code:user:fs, claude-desktop:user:fs",
        "rules/z.toml: no installed server",
        "warning: rules/z.toml matches no installed server",
        "valid: 11 rules, 2 overlays",
    ]


def test_check_of_a_broken_overlay(mcpgw, tmp_path):
    write_files(tmp_path, {"rules/a.toml": "[match]\nnme = 'fs'\n"})
    code, out, _ = mcpgw("check", "--json")
    payload = json.loads(out)
    assert code == 3
    assert (payload["schema"], payload["valid"], payload["overlays"]) == ("mcpgw.rules-check/1", False, {})


def test_a_broken_source_is_two_lines_and_exit_code_3(mcpgw, tmp_path):
    write_files(tmp_path, {"rules/a.toml": "["})
    for verb in ("list", "show"):
        code, out, err = mcpgw(verb)
        assert (code, out, err.count("\n")) == (3, "", 2)
