"""`mcpgw audit`: what it prints, as text and as JSON, and its exit codes."""

import io
import json
import os
from pathlib import Path

import pytest

from mcpgw.audit.journal import Journal
from mcpgw.cli import filters
from mcpgw.cli.main import main
from mcpgw.paths import StateLayout
from support.journals import DAY, NOON, body, closed_journal


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateLayout:
    monkeypatch.setenv("MCPGW_HOME", str(tmp_path))
    return StateLayout(str(tmp_path))


def ndjson(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_list_shows_the_newest_records_oldest_first(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    finding = {"rule": "ssn", "action": "block"}
    journal = Journal.open(layout, "i", now=NOON)
    journal.append(body(1), now=NOON)
    journal.append(body(2, NOON + 1, tool="write", decision="block", ref="R1", findings=[finding]), now=NOON)
    journal.append(body(3, NOON + 2, direction="to_client", type="result", latency_us=1500), now=NOON)
    journal.close(NOON)
    assert main(["audit", "list", "--limit", "2"]) == 0
    header, blocked, answer = capsys.readouterr().out.splitlines()
    assert header.split() == [
        *("TIME", "SERVER", "DIRECTION", "TYPE", "METHOD", "TOOL", "DECISION", "LATENCY", "REF", "FINDINGS")
    ]
    assert blocked.split() == [
        *("2026-01-01", "12:00:01Z", "fs", "to_server", "request", "tools/call", "write", "block", "R1", "ssn")
    ]
    assert "1.5 ms" in answer


@pytest.mark.requirement("cli.audit-json")
def test_list_json_is_a_schema_line_and_records(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    closed_journal(layout, "i", 2)
    assert main(["audit", "list", "--json"]) == 0
    schema, first, second = ndjson(capsys.readouterr().out)
    assert schema == {"schema": "mcpgw.audit.record/1"}
    assert (first["seq"], second["seq"]) == (1, 2)


@pytest.mark.requirement("cli.audit-filters")
def test_list_filters(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    closed_journal(layout, "a", 1)
    closed_journal(layout, "b", 1, server="git", tool="push", decision="refuse", direction="to_client")
    wanted = ["--server", "git", "--tool", "push", "--since", "2026-01-01", "--direction", "to_client", "--blocked"]
    assert main(["audit", "list", "--json", *wanted]) == 0
    assert [line.get("server") for line in ndjson(capsys.readouterr().out)] == [None, "git"]
    assert main(["audit", "list", "--since", "2026-01-02"]) == 0
    assert capsys.readouterr().out == "No records.\n"


@pytest.mark.requirement("cli.no-control-characters")
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_recorded_text_cannot_drive_a_terminal(
    layout: StateLayout, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    raw = body(1, tool="TOOL").replace(b"TOOL", "\u202eevil\u009b31m".encode())
    journal.append(raw, now=NOON)
    journal.close(NOON)
    assert main(["audit", "list", *flags]) == 0
    out = capsys.readouterr().out
    assert "\\u202eevil\\u009b31m" in out and "\u202e" not in out and "\u009b" not in out


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_list_follows(
    layout: StateLayout,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
) -> None:
    closed_journal(layout, "i", 1)
    rounds = iter([True, False])

    def wait() -> bool:
        closed_journal(layout, os.urandom(4).hex(), 1, at=NOON + DAY, tool="late")
        return next(rounds)

    monkeypatch.setattr("mcpgw.cli.audit.wait_a_little", wait)
    assert main(["audit", "list", "-f", *flags]) == 0
    assert capsys.readouterr().out.splitlines()[-1].count("late") == 1


def test_the_pause_between_looks_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "FOLLOW_SECONDS", 0)
    assert filters.wait_a_little() is True


def test_export_is_byte_for_byte(
    layout: StateLayout, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    journal = Path(closed_journal(layout, "i", 3))
    target = tmp_path / "out.jsonl"
    assert main(["audit", "export", "--output", str(target)]) == 0
    assert target.read_bytes() == journal.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600
    assert main(["audit", "export", "--jsonl", "--tool", "read"]) == 0
    assert capfdbinary.readouterr().out == journal.read_bytes()


def test_export_to_a_place_that_cannot_be_written(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    closed_journal(layout, "i", 1)
    assert main(["audit", "export", "--output", f"{layout.root}/no/such/file"]) == 6
    assert "no/such/file" in capsys.readouterr().err
    Path(layout.root, "dir").mkdir()
    assert main(["audit", "export", "--output", f"{layout.root}/dir"]) == 6
    assert not list(Path(layout.root).glob("*.tmp")), "nothing half-written is left"


def test_export_to_a_terminal_is_escaped(
    layout: StateLayout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(layout, "i", now=NOON)
    journal.append(body(1, tool="TOOL").replace(b"TOOL", "\u202eevil".encode()), now=NOON)
    journal.close(NOON)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["audit", "export"]) == 0
    out = capsys.readouterr().out
    assert "\\u202eevil" in out and "\u202e" not in out


@pytest.mark.requirement("cli.audit-verify")
def test_verify_says_intact_or_where_it_is_not(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(closed_journal(layout, "i", 3))
    assert main(["audit", "verify"]) == 0
    assert capsys.readouterr().out == "Intact: 3 records in 1 journal, 2 heads.\n"
    path.write_bytes(path.read_bytes().replace(b'"seq": 2', b'"seq": 7'))
    assert main(["audit", "verify"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Not intact: 1 fault;") and "2026-01-01/i.jsonl:2: broken" in out


def test_verify_json(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    Path(closed_journal(layout, "i", 3)).unlink()
    assert main(["audit", "verify", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "mcpgw.audit.verify/1" and found["intact"] is False
    assert [(each["fault"], each["file"]) for each in found["problems"]] == [("missing", "2026-01-01/i.jsonl")]


def test_verify_names_torn_and_pruned_journals(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    closed_journal(layout, "old", 1)
    assert main(["audit", "prune", "--yes"]) == 0
    assert "1 journal of 1 day" in capsys.readouterr().out
    journal = Journal.open(layout, "new", now=NOON)
    journal.append(body(1), now=NOON)
    path = Path(layout.audit_dir, journal.file)
    path.write_bytes(path.read_bytes()[:-9])
    assert main(["audit", "verify"]) == 0
    out = capsys.readouterr().out
    assert "new.jsonl: ends in half a line" in out and "Pruned, as the heads say: 1 journal." in out
    journal.close(NOON)


@pytest.mark.requirement("cli.audit-since")
def test_verify_compares_with_heads_in_a_file_on_stdin_and_in_an_argument(
    layout: StateLayout, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_journal(layout, "i", 1)
    assert main(["audit", "heads"]) == 0
    line = capsys.readouterr().out
    head, kept = json.loads(line), tmp_path / "kept"
    kept.write_text(f"half a li{line}{line}")
    given = [str(kept), "-", line, f"{head['seq']}:{head['hash']}"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line.encode())))
    assert main(["audit", "verify", *(word for each in given for word in ("--since", each))]) == 0
    assert "Compared with 4 heads kept elsewhere." in capsys.readouterr().out
    lines = Path(layout.heads_file).read_bytes().splitlines(keepends=True)
    Path(layout.heads_file).write_bytes(lines[0])
    assert main(["audit", "verify"]) == 0
    for each in (given[0], *given[2:]):
        capsys.readouterr()
        assert main(["audit", "verify", "--since", each]) == 1
        assert "heads.jsonl:2: truncated: head number 2 was kept, 1 are left" in capsys.readouterr().out


def test_verify_wants_a_head_in_what_it_is_given(
    layout: StateLayout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(tmp_path, "empty").touch()
    for given, code in ((str(tmp_path / "empty"), 2), ('{"v":1}', 2), (str(tmp_path / "nowhere"), 6)):
        assert main(["audit", "verify", "--since", given]) == code
        assert "next:" in capsys.readouterr().err


@pytest.mark.requirement("cli.audit-heads")
def test_heads_are_printed_as_they_lie_and_followed(
    layout: StateLayout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_journal(layout, "i", 1)
    rounds = iter([True, False])

    def wait() -> bool:
        closed_journal(layout, os.urandom(4).hex(), 1)
        return next(rounds)

    monkeypatch.setattr("mcpgw.cli.audit.wait_a_little", wait)
    assert main(["audit", "heads", "-f"]) == 0
    heads = Path(layout.heads_file).read_text().splitlines()
    assert capsys.readouterr().out.splitlines() == heads[1:4]


@pytest.mark.requirement("cli.no-control-characters")
def test_a_head_that_is_none_does_not_reach_a_terminal(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    closed_journal(layout, "i", 1)
    with open(layout.heads_file, "ab") as heads:
        heads.write(b"\x1b[2J\n")
    assert main(["audit", "heads"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.requirement("cli.audit-prune")
def test_prune_asks_shows_and_deletes(layout: StateLayout, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(closed_journal(layout, "old", 1))
    assert main(["audit", "prune", "--dry-run"]) == 0
    assert "Would delete 1 journal of 1 day" in capsys.readouterr().out
    assert main(["audit", "prune", "--json"]) == 2
    assert main(["audit", "prune"]) == 5, "nobody is there to confirm it"
    assert path.exists()
    capsys.readouterr()
    assert main(["audit", "prune", "--json", "--yes"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["schema"] == "mcpgw.audit.prune/1" and report["days"] == ["2026-01-01"]
    assert not path.exists()
    assert main(["audit", "prune"]) == 0
    assert capsys.readouterr().out == "Nothing to delete; 0 B stay.\n"


def test_prune_says_what_is_held_and_what_is_nearly_full(
    layout: StateLayout, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = Journal.open(layout, "live", now=NOON)
    journal.append(body(1), now=NOON)
    assert main(["audit", "prune", "--yes", "--max-bytes", "1"]) == 0
    out = capsys.readouterr().out
    assert "2026-01-01: kept, a live instance writes to it" in out and "over 80 %" in out
    journal.close(NOON)
