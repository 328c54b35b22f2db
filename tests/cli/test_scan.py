import json
import os
import string
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpgw.cli import install as install_verb
from mcpgw.cli.main import main
from mcpgw.files import write_atomic
from mcpgw.policy.fingerprint import FingerprintKey
from mcpgw.registry.exposure import Readers, exposure
from support.client_home import enter, furnished, write

TOKEN = "ghp_" + "q7Zt3LmVw9KpXc2RbN5sYdE8fGhJ1kT4uWvA"


@pytest.fixture
def home(tmp_path, monkeypatch):
    return enter(furnished(tmp_path), monkeypatch, install_verb)


@pytest.fixture
def open_home(monkeypatch):
    """Where everyone gets in; pytest's own directories are private."""
    with TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        made = furnished(Path(root))
        made.home.chmod(0o755)
        made.code_file.chmod(0o644)
        if exposure(str(made.code_file)).readers is not Readers.EVERYONE:
            pytest.skip("temporary directories are private here")
        yield enter(made, monkeypatch, install_verb)


def _add(home, name, entry):
    tree = json.loads(home.code_file.read_bytes())
    tree["mcpServers"][name] = entry
    write(home.code_file, tree)
    home.code_file.chmod(0o600)


def _json(capsys, *arguments):
    capsys.readouterr()
    code = main(["scan", "configs", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_nothing_to_find(home, capsys):
    assert main(["scan", "configs"]) == 0
    assert capsys.readouterr().out == "No literal secret in 5 servers.\n"
    assert not (home.root / "state").exists()


@pytest.mark.requirement("scan.configs")
@pytest.mark.requirement("scan.masked")
def test_a_finding_for_people(home, capsys):
    _add(home, "gh", {"command": "gh", "env": {"G": TOKEN}})
    assert main(["scan", "configs"]) == 1
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if " gh " in line)
    assert "  ".join(("high", "    gh")) in row
    assert all(part in row for part in ("/env/G", "github-token", "ghp_***", "owner only", "~/.claude.json:"))
    assert "1 literal secret in 6 servers: 1 high" in out
    assert "chmod" not in out
    assert TOKEN not in out


@pytest.mark.requirement("scan.json")
def test_a_finding_for_programs(home, capsys):
    _add(home, "gh", {"command": "gh", "env": {"G": TOKEN}})
    code, payload = _json(capsys)
    (finding,) = payload["findings"]
    assert (code, payload["schema"], payload["source"], payload["servers"]) == (1, "mcpgw.scan/1", "configs", 6)
    line = home.code_file.read_text().splitlines()[finding["line"] - 1]
    assert TOKEN in line
    assert finding["readable_by"] == {"who": "owner", "group": None, "mode": "0600"}
    assert finding | {"line": 0, "fingerprint": "", "readable_by": {}} == {
        "fingerprint": "",
        "rule": "github-token",
        "severity": "high",
        "entry": "claude-code:user:gh",
        "server": "gh",
        "client": "claude-code",
        "scope": "user",
        "project": None,
        "file": str(home.code_file),
        "line": 0,
        "pointer": "/env/G",
        "length": len(TOKEN),
        "preview": "ghp_***",
        "ref": None,
        "readable_by": {},
    }


@pytest.mark.requirement("scan.fingerprint")
def test_with_a_key_it_has_the_ref_of_the_journals(home, capsys):
    _add(home, "gh", {"command": "gh", "env": {"G": TOKEN}})
    key = b"k" * 32
    (home.root / "state").mkdir()
    write_atomic(home.layout.fingerprint_key, key)
    _, payload = _json(capsys)
    assert payload["findings"][0]["ref"] == FingerprintKey(key).of(TOKEN.encode()).ref


@pytest.mark.requirement("scan.routed")
def test_an_install_changes_no_finding_but_the_line(home, capsys):
    _add(home, "gh", {"command": "gh", "args": ["--token", "abcd1234"]})
    before = _json(capsys)[1]["findings"]
    assert main(["install", "--yes"]) == 0
    after = _json(capsys)[1]["findings"]
    assert len(before) == 1
    assert [each | {"line": 0} for each in after] == [each | {"line": 0} for each in before]


@pytest.mark.requirement("scan.exit-codes")
@pytest.mark.parametrize(("level", "code"), [((), 1), (("--fail-on", "low"), 1), (("--fail-on", "high"), 0)])
def test_the_level_that_fails(home, capsys, level, code):
    _add(home, "gh", {"command": "gh", "env": {"G_TOKEN": "abcd1234"}})
    assert main(["scan", "configs", *level]) == code
    assert "named-secret" in capsys.readouterr().out


@pytest.mark.requirement("scan.severity")
def test_what_everyone_reads_is_graver_and_to_be_closed(open_home, capsys):
    _add(open_home, "gh", {"command": "gh", "env": {"G_TOKEN": "abcd1234"}})
    open_home.code_file.chmod(0o644)
    assert main(["scan", "configs", "--fail-on", "high"]) == 1
    out = capsys.readouterr().out
    assert "everyone" in out
    assert f"`chmod 600 {open_home.code_file}`" in out


@pytest.mark.requirement("scan.incomplete")
def test_a_file_that_cannot_be_read_makes_it_incomplete(home, capsys):
    write(home.desktop_file, b"{")
    code, payload = _json(capsys)
    assert (code, [each["file"] for each in payload["problems"]]) == (7, [str(home.desktop_file)])
    assert main(["scan", "configs", "--client", "claude-code"]) == 0
    _add(home, "gh", {"command": "gh", "env": {"G": TOKEN}})
    assert _json(capsys)[0] == 1


@pytest.mark.requirement("scan.masked")
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(string.ascii_letters + string.digits + "!+/é", min_size=12, max_size=40), min_size=1, max_size=4),
    st.booleans(),
)
def test_no_planted_secret_is_printed(home, secrets, as_json):
    first, last = secrets[0], secrets[-1]
    entry = {
        "command": "gh",
        "args": ["--api-key", first, f"--token={last}", f"https://a:{first}@b.test/?key={last}"],
        "env": {f"E{index}_PASSWORD": secret for index, secret in enumerate(secrets)},
        "headers": {"Authorization": f"Bearer {last}", "X": TOKEN},
    }
    _add(home, "gh", entry)
    text = StringIO()
    with redirect_stdout(text), redirect_stderr(text):
        main(["scan", "configs", *(["--json"] if as_json else [])])
    assert TOKEN not in text.getvalue()
    assert [secret for secret in secrets if secret in text.getvalue()] == []
