"""`mcpgw config`."""

import json
import tomllib

import pytest

from mcpgw.cli.main import main
from mcpgw.config.template import TEMPLATE
from support.policies import write_files


@pytest.fixture
def mcpgw(tmp_path, monkeypatch, capsys):
    """Runs a command line in a state directory of its own: (exit code, stdout, stderr)."""
    monkeypatch.setenv("MCPGW_HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        code = main(["config", *arguments])
        return (code, *capsys.readouterr())

    return run


def test_init_writes_a_commented_file_once(mcpgw, tmp_path):
    code, out, _ = mcpgw("init")
    assert code == 0 and out.startswith(f"wrote {tmp_path}/config.toml")
    assert (tmp_path / "config.toml").read_text() == TEMPLATE
    (tmp_path / "config.toml").write_text("profile = 'strict'\n")
    assert mcpgw("init", "--yes")[1] == f"{tmp_path}/config.toml exists and was left as it is\n"
    assert (tmp_path / "config.toml").read_text() == "profile = 'strict'\n"


def test_init_dry_run_writes_nothing(mcpgw, tmp_path):
    code, out, _ = mcpgw("init", "--dry-run")
    assert code == 0 and TEMPLATE.rstrip() in out
    assert list(tmp_path.iterdir()) == []


def test_init_as_json(mcpgw, tmp_path):
    path = f"{tmp_path}/config.toml"
    expected = {"schema": "mcpgw.config-init/1", "path": path, "written": True, "existed": False}
    assert json.loads(mcpgw("init", "--json")[1]) == expected
    assert json.loads(mcpgw("init", "--json")[1]) == expected | {"written": False, "existed": True}


def test_check_of_valid_files(mcpgw, tmp_path):
    write_files(tmp_path, {"config.toml": "profile = 'strict'\n", "rules/a.toml": "[match]\nname = 'fs'\n"})
    code, out, _ = mcpgw("check")
    assert code == 0
    assert out == "warning: rules/a.toml matches no installed server\nvalid: 11 rules, 1 overlay\n"


@pytest.mark.requirement("config.faults")
def test_check_names_every_fault_and_exits_with_3(mcpgw, tmp_path):
    write_files(tmp_path, {"config.toml": "profil = 1\nmalformed_text = 'keep'\n"})
    code, out, err = mcpgw("check")
    assert (code, err) == (3, "")
    assert out.splitlines() == [
        f'{tmp_path}/config.toml:1: profil: unknown key; did you mean "profile"?',
        f'{tmp_path}/config.toml:2: malformed_text: "keep" is none of refuse, repair',
        "2 faults",
    ]


def test_check_as_json(mcpgw, tmp_path):
    write_files(tmp_path, {"config.toml": "profil = 1\n"})
    code, out, _ = mcpgw("check", "--json")
    payload = json.loads(out)
    assert code == 3
    assert (payload["schema"], payload["valid"]) == ("mcpgw.config-check/1", False)
    assert payload["faults"] == [
        {
            "file": f"{tmp_path}/config.toml",
            "line": 1,
            "key": "profil",
            "problem": 'unknown key; did you mean "profile"?',
        }
    ]


def test_show_prints_toml_with_origins(mcpgw, tmp_path):
    write_files(tmp_path, {"config.toml": "[audit]\nrecord = 'full'\n[rules.ssn]\naction = 'log'\n"})
    code, out, _ = mcpgw("show")
    content = tomllib.loads(out)
    assert code == 0
    assert content["audit"]["record"] == "full"
    assert content["rules"] == {"ssn": {"action": "log"}}
    assert content["packs"] == []
    assert 'record = "full" # config.toml' in out
    assert 'profile = "balanced" # default' in out


def test_show_honours_the_environment(mcpgw, monkeypatch):
    monkeypatch.setenv("MCPGW_AUDIT__KEEP_DAYS", "3")
    payload = json.loads(mcpgw("show", "--json")[1])
    assert payload["schema"] == "mcpgw.config/1"
    assert payload["config"]["audit"]["keep_days"] == 3
    assert payload["origins"]["audit.keep_days"] == "MCPGW_AUDIT__KEEP_DAYS"


def test_show_of_a_broken_file_is_two_lines_and_exit_code_3(mcpgw, tmp_path):
    write_files(tmp_path, {"config.toml": "profile = \n"})
    code, out, err = mcpgw("show")
    assert (code, out) == (3, "")
    assert err.splitlines() == [
        f"mcpgw: {tmp_path}/config.toml:1: not valid TOML: invalid value, column 11",
        "  next: Mend the file; then run `mcpgw config check`.",
    ]


def test_path(mcpgw, tmp_path):
    assert mcpgw("path")[1] == f"{tmp_path}/config.toml\n"
    assert json.loads(mcpgw("path", "--json")[1]) == {
        "schema": "mcpgw.config-path/1",
        "config": f"{tmp_path}/config.toml",
        "rules": f"{tmp_path}/rules",
        "state": str(tmp_path),
    }


@pytest.mark.parametrize(("kind", "key"), [("config", "profile"), ("overlay", "match"), ("pack", "rule")])
def test_schema_is_json_schema(mcpgw, kind, key):
    schema = json.loads(mcpgw("schema", kind)[1])
    assert key in schema["properties"]
    assert schema["additionalProperties"] is False
