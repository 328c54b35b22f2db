"""Where the state directory is."""

import os
import subprocess
import sys

import pytest

from mcpgw.config.root import prepare_ad_hoc, state_root
from mcpgw.errors import ConfigFault


def test_the_variable_names_it():
    assert state_root({"MCPGW_HOME": "/srv/mcpgw/"}) == "/srv/mcpgw"


def test_the_platform_names_it_otherwise(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    root = state_root({})
    assert os.path.isabs(root)
    assert os.path.basename(root) == "mcpgw"
    assert root.startswith(str(tmp_path))


def test_a_relative_one_is_refused():
    with pytest.raises(ConfigFault, match="MCPGW_HOME is not an absolute path"):
        state_root({"MCPGW_HOME": "state"})


@pytest.mark.requirement("install.state-path")
def test_one_that_no_client_can_name_is_refused():
    with pytest.raises(ConfigFault, match="not UTF-8"):
        state_root({"MCPGW_HOME": os.fsdecode(b"/state/\xff")})
    odd = '/a b/it\'s "$x" `y` \\z\n/ü日本/' + "x" * 200
    assert state_root({"MCPGW_HOME": odd}) == odd


def test_an_ad_hoc_run_finds_a_policy(tmp_path):
    root = prepare_ad_hoc({"MCPGW_HOME": str(tmp_path / "state")})
    assert (tmp_path / "state/policy/current").read_text().strip()
    assert root == str(tmp_path / "state")


def test_an_ad_hoc_run_keeps_the_policy_that_it_finds(tmp_path):
    current = tmp_path / "policy/current"
    current.parent.mkdir()
    current.write_text("kept\n")
    prepare_ad_hoc({"MCPGW_HOME": str(tmp_path)})
    assert current.read_text() == "kept\n"


def test_an_ad_hoc_run_with_a_broken_config_says_so_and_goes_on(tmp_path, capsys):
    (tmp_path / "config.toml").write_text("profil = 'strict'\n")
    assert prepare_ad_hoc({"MCPGW_HOME": str(tmp_path)}) == str(tmp_path)
    assert "config.toml:1: profil: unknown key" in capsys.readouterr().err


def test_an_ad_hoc_run_without_a_place_ends_with_the_documented_code(capsys):
    with pytest.raises(SystemExit) as ended:
        prepare_ad_hoc({"MCPGW_HOME": "here"})
    assert ended.value.code == 3
    assert capsys.readouterr().err.count("\n") == 2


def test_it_does_not_import_pydantic():
    script = "import sys, mcpgw.config.root; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=30).returncode == 0
