"""`mcpgw status` on a real state directory and real client files."""

import json
from pathlib import Path

import pytest

from mcpgw.cli.main import main
from mcpgw.cli.status import as_payload, client_sessions, install_times, look
from mcpgw.installers.sessions import Process
from mcpgw.paths import StateLayout
from mcpgw.registry.client import Place
from mcpgw.registry.entry import wrap
from mcpgw.state.instance import Identity, open_instance
from support.journals import NOON

ENTRY = "claude-code:user:fs"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateLayout:
    """A home with one routed and one remote server of Claude Code, and an empty state directory."""
    home = tmp_path / "home"
    home.mkdir()
    for name, value in (("HOME", str(home)), ("MCPGW_HOME", str(tmp_path / "state"))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(home)
    servers = {
        "fs": {"command": "/s/bin/mcpgw", "args": list(wrap(ENTRY, "npx", ["fs"]))},
        "remote": {"type": "http", "url": "https://example.org/mcp"},
    }
    (home / ".claude.json").write_text(json.dumps({"mcpServers": servers}))
    (tmp_path / "state").mkdir(mode=0o700)
    return StateLayout(str(tmp_path / "state"))


def status(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(["status", *argv]) == 0
    return capsys.readouterr().out


def standing_of(payload: dict[str, object], name: str) -> dict[str, object]:
    entries = payload["entries"]
    assert isinstance(entries, list)
    return next(each for each in entries if each["name"] == name)


@pytest.mark.requirement("cli.status-json")
def test_json_names_every_entry_and_counts(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    instance = open_instance(layout, Identity("fs", ENTRY, client="claude-code", client_version="9"), now=NOON)
    instance.count("to_server", "request", "block", 10, latency_us=100, is_call=True)
    instance.set_error("the server said no", NOON)
    payload = json.loads(status(capsys, "--json"))
    instance.close()
    assert payload["schema"] == "mcpgw.status/1" and payload["verdict"] == "partly-protected"
    assert payload["audit"] == {"bytes": 0, "near_cap": False}
    routed = standing_of(payload, "fs")
    assert (routed["standing"], routed["entry"]) == ("protected", ENTRY)
    (live,) = routed["instances"]  # type: ignore[misc, attr-defined]
    assert (live["calls"], live["blocked"], live["latency_us"]["p50"]) == (1, 1, 111)
    assert live["identity"]["client"] == "claude-code" and live["last_error"]["text"] == "the server said no"
    assert standing_of(payload, "remote")["standing"] == "unprotected"


@pytest.mark.requirement("cli.status")
def test_text_has_the_verdict_first(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    instance = open_instance(layout, Identity("fs", ENTRY, client="claude-code\x1b[2J"), now=NOON)
    instance.set_state("ready")
    instance.set_error("a\u202eb", NOON)
    out = status(capsys)
    instance.close()
    lines = out.splitlines()
    assert lines[0] == "Partly protected: 2 entries: 1 protected, 1 unprotected."
    assert "fs  protected  (claude-code, user)" in lines
    assert "remote  unprotected  (claude-code, user)" in lines
    assert "calls 0  errors 0  blocked 0  redacted 0  p50 -  p95 -; last error" in out
    assert "claude-code\\u001b[2J" in out and "a\\u202eb" in out


def test_a_dead_instance_is_told_of(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    open_instance(layout, Identity("fs", ENTRY), now=NOON).close()
    out = status(capsys, "fs")
    assert "fs  idle" in out and "last instance ended" in out and "remote" not in out


def test_an_ad_hoc_instance_is_listed_apart(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    instance = open_instance(layout, Identity("by-hand", ""), now=NOON)
    assert "Other instances" in status(capsys)
    assert "by-hand" in status(capsys, "by-hand")
    instance.close()


def test_an_unreadable_record_is_told_of(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    instance = open_instance(layout, Identity("fs", ENTRY), now=NOON)
    Path(layout.instance_dir(instance.id), "status").unlink()
    assert "status record cannot be read" in status(capsys)
    assert json.loads(status(capsys, "--json"))["others"][0]["alive"] is True
    instance.close()


@pytest.mark.requirement("cli.status-unknown-server")
def test_an_unknown_server_is_not_found(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "nope"]) == 4
    assert "nope" in capsys.readouterr().err


@pytest.mark.requirement("cli.status-policy-problem")
def test_a_policy_problem_is_in_the_verdict(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    Path(layout.policy_dir).mkdir()
    Path(layout.policy_problem).write_text(json.dumps({"message": "config.toml:3: profile: unknown"}))
    out = status(capsys)
    assert out.startswith("Action needed") and "config.toml:3: profile: unknown" in out


def test_a_broken_client_file_is_in_the_verdict(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    Path(layout.root).parent.joinpath("home", ".claude.json").write_text("{")
    payload = json.loads(status(capsys, "--json"))
    assert payload["verdict"] == "action-needed" and ".claude.json" in payload["problems"][0]


def test_an_older_client_session_waits_for_its_restart(layout: StateLayout, tmp_path: Path) -> None:
    plan = {"v": 1, "kind": "plan", "at": NOON, "number": 1, "entries": [{"entry_id": ENTRY}]}
    Path(layout.ledger_file).write_text(json.dumps(plan) + "\n{torn")
    assert install_times(layout) == {ENTRY: NOON}
    Path(layout.ledger_file).unlink()
    machine = Place(str(tmp_path / "home"), {}, "linux", str(tmp_path / "home"))
    verdict = look(layout, machine, [Process(7, "claude", NOON - 1), Process(8, "bash", 1.0)], now=NOON)
    payload = as_payload(verdict, now=NOON)
    assert standing_of(payload, "fs")["installed_at"] is None
    assert [each.pid for each in client_sessions([Process(7, "claude", 1.0), Process(8, "bash", 1.0)])] == [7]
