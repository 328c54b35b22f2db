import io
import json
import os
import string
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpgw.cli.main import main
from support.client_home import client_home, enter, write

TOKEN = "ghp_" + "q7Zt3LmVw9KpXc2RbN5sYdE8fGhJ1kT4uWvA"
SERVERS = {
    "mcpServers": {
        "fs": {"command": "npx", "args": ["-y", "fs"], "env": {"FS_TOKEN": TOKEN}},
        "docs": {"type": "http", "url": "https://a.test/mcp"},
    }
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    return enter(client_home(tmp_path), monkeypatch)


@pytest.fixture
def file(home):
    write(home.project / "servers.json", SERVERS)
    return home.project / "servers.json"


@pytest.mark.requirement("wrap.bytes-kept")
def test_the_copy_alone_is_on_stdout(home, file, capsysbinary):
    content = file.read_bytes().replace(b'fs"', b'f\xff"')
    file.write_bytes(content)
    assert main(["wrap", str(file)]) == 0
    out = capsysbinary.readouterr().out
    assert out.startswith(content[: content.index(b'"npx"')])
    assert out.endswith(content[content.index(b'"env"') :])
    assert file.read_bytes() == content


@pytest.mark.requirement("wrap.talk")
def test_stderr_says_what_was_wrapped_what_not_and_what_an_allow_list_needs(home, file, capsys):
    assert main(["wrap", str(file)]) == 0
    captured = capsys.readouterr()
    rows = [line.split(None, 1) for line in captured.err.splitlines()]
    assert ["fs", "wrapped"] in rows
    assert ["docs", "as it was: remote server: not routed yet"] in rows
    entry = json.loads(captured.out)["mcpServers"]["fs"]
    (line,) = (each for each in captured.err.splitlines() if each.startswith('{"serverCommand"'))
    assert json.loads(line) == {"serverCommand": [entry["command"], *entry["args"]]}
    assert TOKEN not in captured.err


@pytest.mark.requirement("wrap.launcher")
def test_what_the_copy_starts_is_made(home, file, capsys):
    assert main(["wrap", str(file)]) == 0
    command = json.loads(capsys.readouterr().out)["mcpServers"]["fs"]["command"]
    assert command == home.layout.launcher
    assert os.access(command, os.X_OK)
    assert os.path.exists(home.layout.policy_current)


@pytest.mark.requirement("wrap.launcher")
def test_a_dry_run_makes_nothing_and_says_what_is_missing(home, file, capsys):
    assert main(["wrap", str(file), "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert f"warning: {home.layout.launcher} is not there yet" in captured.err
    assert json.loads(captured.out)["mcpServers"]["fs"]["args"][0] == "run"
    assert not os.path.exists(home.layout.root)


@pytest.mark.requirement("wrap.json")
def test_one_object_with_all_of_it(home, file, capsys):
    assert main(["wrap", str(file), "--json", "--except", "fs"]) == 0
    assert main(["wrap", str(file), "--json"]) == 0
    out = capsys.readouterr().out
    left, payload = (json.loads(part) for part in out.replace("}\n{", "}\0{").split("\0"))
    assert json.loads(left["content"]) == SERVERS
    assert (left["entries"][0]["routed"], left["entries"][0]["reason"], left["allow_list"]) == (False, "opted-out", [])
    copied = json.loads(payload["content"])["mcpServers"]["fs"]
    assert payload["schema"] == "mcpgw.wrap/1"
    assert payload["allow_list"] == [{"serverCommand": [copied["command"], *copied["args"]]}]
    assert payload["entries"][0] == {
        "id": copied["args"][2],
        "name": "fs",
        "transport": "stdio",
        "routed": True,
        "changed": True,
        "reason": None,
        "text": "wrapped",
    }
    assert [each["reason"] for each in payload["entries"]] == [None, "remote"]


def test_lists_that_cannot_be_read_are_said(home, file, capsys):
    settings_file = home.home / ".claude" / "settings.json"
    write(settings_file, b"{")
    assert main(["wrap", str(file), "--dry-run"]) == 0
    assert f"warning: {settings_file} is not a JSON object" in capsys.readouterr().err


def test_a_name_that_no_terminal_can_show(home, file, capsys):
    file.write_bytes(b'{"mcpServers": {"a\\ud800": {"command": "x", "args": ["\\ud800"]}}}')
    assert main(["wrap", str(file), "--dry-run"]) == 0
    assert "a\\ud800  wrapped" in capsys.readouterr().err


@pytest.mark.requirement("wrap.stdin")
def test_a_dash_reads_standard_input(home, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SERVERS).encode())))
    assert main(["wrap", "-"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["mcpServers"]["fs"]["command"] == home.layout.launcher


@pytest.mark.requirement("wrap.broken")
def test_a_broken_or_absent_source_ends_it(home, file, capsys):
    file.write_bytes(b'{"mcpServers": {"a": ')
    assert main(["wrap", str(file)]) == 3
    assert main(["wrap", str(home.project / "absent.json")]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{file}:1:22: the JSON ends too early" in captured.err
    assert not os.path.exists(home.layout.root)


@pytest.mark.requirement("wrap.masked")
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(string.ascii_letters + string.digits + '!+/é"\\', min_size=12, max_size=40))
def test_no_planted_secret_is_on_stderr(home, capsys, secret):
    # A letter first: a path or a variable's name is none.
    secret = f"q{secret}"
    args = ["--api-key", secret, f"--token={secret}", TOKEN, "-e", f"DB_PASSWORD={secret}"]
    entry = {"command": "npx", "args": args, "env": {"A_TOKEN": secret}}
    write(home.project / "servers.json", {"mcpServers": {"fs": entry}})
    assert main(["wrap", str(home.project / "servers.json"), "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["mcpServers"]["fs"]["args"][-6:] == args
    assert TOKEN not in captured.err
    assert secret not in captured.err
    assert json.dumps(secret, ensure_ascii=False)[1:-1] not in captured.err
    assert "masked" in captured.err
