"""One JSON line for programs, one safe line for people, never an exception and never stdout."""

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpgw.audit.diagnostics import MAX_TEXT, Diagnostics, escape_controls
from mcpgw.paths import StateLayout
from support.journals import DAY, NOON


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    return StateLayout(str(tmp_path / "state"))


def lines(layout: StateLayout, day: str = "2026-01-01") -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(layout.log_dir, f"{day}.jsonl").read_bytes().splitlines()]


def noon() -> float:
    return NOON


@pytest.mark.requirement("logs.structured")
def test_an_event_is_one_json_line(layout: StateLayout) -> None:
    log = Diagnostics(layout, "i-1", stderr_level="off", clock=noon)
    log.info("policy-loaded", digest="abc", rules=11, at="not mine to set")
    log.close()
    assert lines(layout) == [
        {
            "v": 1,
            "at": NOON,
            "time": "2026-01-01T12:00:00Z",
            "level": "info",
            "source": "i-1",
            "pid": os.getpid(),
            "event": "policy-loaded",
            "digest": "abc",
            "rules": 11,
        }
    ]
    mode = os.stat(f"{layout.log_dir}/2026-01-01.jsonl").st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_levels_choose_the_sink(layout: StateLayout, capfd: pytest.CaptureFixture[str]) -> None:
    log = Diagnostics(layout, "i-1", clock=noon)
    log.debug("d")
    log.info("i")
    log.warning("w", message="the policy is stale", seconds=3)
    log.error("e")
    log.close()
    assert [line["event"] for line in lines(layout)] == ["i", "w", "e"]
    out, err = capfd.readouterr()
    assert out == ""
    assert err == "mcpgw: warning: the policy is stale (seconds=3)\nmcpgw: error: e\n"


def test_each_day_has_its_file(layout: StateLayout) -> None:
    now = [NOON]
    log = Diagnostics(layout, "i-1", stderr_level="off", clock=lambda: now[0])
    log.info("first")
    now[0] += DAY
    log.info("second")
    log.close()
    log.close()
    assert [line["event"] for line in lines(layout, "2026-01-02")] == ["second"]


def test_no_directory_is_no_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("a file where the directory belongs")
    Diagnostics(StateLayout(str(tmp_path / "state")), "i-1", clock=noon).error("disk")
    assert capfd.readouterr().err == "mcpgw: error: disk\n"


def test_a_directory_that_comes_later_is_found(layout: StateLayout) -> None:
    root = Path(layout.root)
    root.write_text("in the way")
    log = Diagnostics(layout, "i-1", stderr_level="off", clock=noon)
    log.info("lost")
    root.unlink()
    log.info("kept")
    log.close()
    assert [line["event"] for line in lines(layout)] == ["kept"]


@pytest.mark.requirement("logs.no-control-characters")
def test_controls_are_escaped_on_stderr_and_long_texts_cut(
    layout: StateLayout, capfd: pytest.CaptureFixture[str]
) -> None:
    log = Diagnostics(layout, "i-1", clock=noon)
    log.error("e", message="a\x1b[2J\u202eb\x9b\nmcpgw: error: forged", long="x" * 5000, odd={"k": 1})
    log.close()
    err = capfd.readouterr().err
    assert err.startswith("mcpgw: error: a\\u001b[2J\\u202eb\\u009b\\u000amcpgw: error: forged (long=xxx")
    assert err.count("\n") == 1 and len(err) < MAX_TEXT + 200
    assert lines(layout)[0]["odd"] == "{'k': 1}"


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(), value=st.one_of(st.text(), st.floats(), st.binary(), st.none(), st.lists(st.integers())))
def test_nothing_raises_and_every_event_is_one_line(layout: StateLayout, text: str, value: object) -> None:
    log = Diagnostics(layout, "i-1", stderr_level="off", clock=noon)
    log.info(text, value=value)
    log.close()
    content = Path(layout.log_dir, "2026-01-01.jsonl").read_bytes()
    Path(layout.log_dir, "2026-01-01.jsonl").unlink()
    assert content.count(b"\n") == 1
    assert json.loads(content)["event"] == (text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "...")


def test_plain_text_is_left_as_it_is() -> None:
    assert escape_controls("naïve – 日本") == "naïve – 日本"
