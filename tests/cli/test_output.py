"""What is printed cannot drive a terminal; what is asked cannot be answered by an agent."""

from __future__ import annotations

import json

import pytest

from mcpgw.cli import output
from mcpgw.errors import Refused


def test_json_has_a_schema_and_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit("mcpgw.x/1", {"a": "\u202e\x1b"}, True, lambda: "human")
    said = capsys.readouterr().out
    assert said.isascii()
    assert json.loads(said) == {"schema": "mcpgw.x/1", "a": "\u202e\x1b"}
    output.emit("mcpgw.x/1", {}, False, lambda: "human")
    assert capsys.readouterr().out == "human\n"


def test_the_cells_of_a_table_are_made_visible() -> None:
    assert "\\u000a" in output.table([("x\ny", "1")], ("A", "B"))


def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert output.style("x", "red") != "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.style("x", "red") == "x"


def test_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAUDECODE", raising=False)
    output.confirm("?", yes=True, weakening=True)
    with pytest.raises(Refused, match="nobody"):
        output.confirm("?", yes=False)
    monkeypatch.setenv("CLAUDECODE", "1")
    output.confirm("?", yes=True)
    with pytest.raises(Refused, match="agent"):
        output.confirm("?", yes=True, weakening=True)
