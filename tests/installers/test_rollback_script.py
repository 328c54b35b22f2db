import json
import os
import shutil
import subprocess

import pytest

from mcpgw.installers.guard import Tolerance
from mcpgw.installers.install import install, plan_install
from mcpgw.installers.project_servers import ProjectServers
from mcpgw.installers.rollback_script import main, recorded_files
from mcpgw.installers.rollback_source import kinds
from mcpgw.paths import StateLayout
from mcpgw.registry.select import Choice
from support.client_home import furnished, write


@pytest.fixture
def home(tmp_path):
    return furnished(tmp_path)


def routed(home):
    """The bytes of the client files before they were routed."""
    before = {path: path.read_bytes() for path in (home.code_file, home.desktop_file)}
    plan = plan_install(home.place, home.layout, Choice(), Tolerance(), ())
    install(home.layout, plan, observe=False, now=1.0)
    assert all(path.read_bytes() != content for path, content in before.items())
    return before


def on_disk(before):
    return {path: path.read_bytes() for path in before}


@pytest.mark.requirement("rollback.stand-alone")
def test_the_script_works_with_nothing_but_the_ledger(home):
    before = routed(home)
    done = subprocess.run([home.layout.rollback_script], capture_output=True, text=True, timeout=30, env={}, cwd="/")
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 unwrapped" in done.stderr
    assert on_disk(before) == before


def test_the_script_works_with_the_state_gone(home, tmp_path):
    before = routed(home)
    shutil.copy(home.layout.rollback_script, tmp_path / "rollback")
    shutil.rmtree(home.layout.root)
    done = subprocess.run(
        [str(tmp_path / "rollback"), *map(str, before)], capture_output=True, text=True, timeout=30, env={}, cwd="/"
    )
    assert done.returncode == 0
    assert on_disk(before) == before


def test_a_second_time_finds_nothing(home, capsys):
    before = routed(home)
    argv = ["mcpgw-rollback", str(home.code_file)]
    assert (main(argv, kinds()), main(argv, kinds())) == (0, 0)
    assert "nothing of ours" in capsys.readouterr().err
    assert home.code_file.read_bytes() == before[home.code_file]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_done(home, capsys):
    before = routed(home)
    write(home.desktop_file, b"{")
    assert main(["mcpgw-rollback", str(home.desktop_file), str(home.code_file)], kinds()) == 1
    assert f"{home.desktop_file}:1:2:" in capsys.readouterr().err
    assert home.code_file.read_bytes() == before[home.code_file]


@pytest.mark.requirement("rollback.visible-paths")
@pytest.mark.parametrize("content", [b"{}", b"{", None])
def test_a_path_cannot_drive_the_terminal(home, capsys, content):
    path = home.home / "a\x1b[2J\n\u202eb.json"
    if content is not None:
        write(path, content)
    assert main(["mcpgw-rollback", str(path)], kinds()) == (0 if content == b"{}" else 1)
    said = capsys.readouterr().err
    assert "a\\u001b[2J\\u000a\\u202eb.json" in said
    assert said.count("\n") == (1 if content == b"{}" else 2)


def test_odd_entries_are_passed_over(home):
    content = write(home.code_file, b'{"mcpServers": {"a": 1, "b": {"args": []}, "c": {"command": "x", "args": [1]}}}')
    assert main(["mcpgw-rollback", str(home.code_file)], kinds()) == 0
    assert home.code_file.read_bytes() == content


def test_a_ledger_line_that_is_broken_is_passed_over(tmp_path):
    layout = StateLayout(str(tmp_path))
    assert recorded_files(layout) == {}
    lines = [
        b'{"kind": "plan", "file": "/no/such"}',
        b"[]",
        b'{"v": 99, "kind": "plan", "file": "/f", "entries": [{"client": "c", "scope": "user"}, {}]}',
        b'{"v": 1, "kind": "plan", "file": ["/g"], "entries": [{"client": [], "scope": {}}]}',
        b"[" * 100_000,
        b'{"kind"',
    ]
    (tmp_path / "ledger.jsonl").write_bytes(b"\n".join(lines))
    assert recorded_files(layout)["/f"] == ("c", "user")


def test_a_pipe_in_the_place_of_the_ledger_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "ledger.jsonl")
    assert recorded_files(StateLayout(str(tmp_path))) == {}


def test_help_is_no_file_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mcpgw-rollback", "--help"], kinds()) == 0
    assert "takes the gateway off" in capsys.readouterr().err


OURS = ("run", "--entry", "a:user:b", "--", "npx")


@pytest.mark.parametrize(
    ("name", "container", "comment"),
    [("x.json", "mcpServers", ""), ("x.json", "servers", " // c"), ("y.toml", "mcp_servers", " # c")],
)
def test_a_file_that_no_ledger_knows_is_searched_for_every_client(tmp_path, name, container, comment):
    if name.endswith(".toml"):
        text = "[%s.s]\ncommand = %s\nargs = %s" + comment
    else:
        text = '{"%s": {"s": {"command": %s, "args": %s}}}' + comment
    path = tmp_path / name
    path.write_text(text % (container, '"/s/mcpgw"', json.dumps(OURS)))
    assert main(["/elsewhere/bin/mcpgw-rollback", str(path)], kinds()) == 0
    assert path.read_text() == text % (container, '"npx"', "[]")


def test_servers_of_one_name_in_two_places(tmp_path):
    path = tmp_path / "both.json"
    entry = {"command": "/s/mcpgw", "args": OURS}
    write(path, {"servers": {"s": entry}, "mcpServers": {"s": entry}, "projects": {"/a": {"mcpServers": {"s": entry}}}})
    assert main(["/elsewhere/bin/mcpgw-rollback", str(path)], kinds()) == 0
    assert json.loads(path.read_bytes())["servers"] == {"s": {"command": "npx", "args": []}}
    assert b"mcpgw" not in path.read_bytes()


def test_a_team_mates_entry_in_a_shared_file_stays(tmp_path):
    root = tmp_path / "state"
    path = tmp_path / ".mcp.json"
    mine = {"command": f"{root}/bin/mcpgw", "args": OURS}
    write(path, {"mcpServers": {"mine": mine, "theirs": {"command": "/u/mcpgw", "args": OURS}}})
    record = {"kind": "plan", "file": str(path), "entries": [{"client": "claude-code", "scope": "project"}]}
    write(root / "ledger.jsonl", json.dumps(record).encode())
    assert main([f"{root}/bin/mcpgw-rollback"], kinds()) == 0
    servers = json.loads(path.read_bytes())["mcpServers"]
    assert servers == {"mine": {"command": "npx", "args": []}, "theirs": {"command": "/u/mcpgw", "args": list(OURS)}}


@pytest.mark.requirement("rollback.stand-alone")
@pytest.mark.parametrize("named", [False, True])
def test_a_private_entry_before_a_shared_one_goes_whole_and_a_renamed_one_is_unwrapped(home, tmp_path, named):
    tree = json.loads(home.code_file.read_bytes())
    tree["projects"][str(home.project)]["hasTrustDialogAccepted"] = True
    write(home.code_file, tree)
    write(home.project / ".claude" / "settings.local.json", {"enabledMcpjsonServers": ["shared"]})
    plan = plan_install(home.place, home.layout, Choice(), Tolerance(), (), ProjectServers.SHADOW)
    install(home.layout, plan, observe=False, now=1.0)
    routed = json.loads(home.code_file.read_bytes())
    private = routed["projects"][str(home.project)]["mcpServers"]
    private["mine"] = private["shared"]
    write(home.code_file, routed)
    shutil.copy(home.layout.rollback_script, tmp_path / "rollback")
    script = [tmp_path / "rollback", home.code_file] if named else [home.layout.rollback_script]
    assert subprocess.run(script, capture_output=True, timeout=30, env={}, cwd="/").returncode == 0
    tree["projects"][str(home.project)]["mcpServers"]["mine"] = {"command": "team"}
    assert json.loads(home.code_file.read_bytes()) == tree
