"""Each promise has an id, a source and a test; each test's id is a promise."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _manifest() -> list[dict[str, str]]:
    with open(ROOT / "tests" / "requirements.toml", "rb") as file:
        rows: list[dict[str, str]] = tomllib.load(file)["requirement"]
    return rows


def _tested() -> set[str]:
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.requirement":
                found |= {
                    arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                }
    return found


def test_promises_and_tests_meet_both_ways() -> None:
    promised = [row["id"] for row in _manifest()]
    assert len(promised) == len(set(promised))
    assert set(promised) - _tested() == set()
    assert _tested() - set(promised) == set()


def test_every_promise_has_a_source_that_exists() -> None:
    for row in _manifest():
        assert set(row) == {"id", "source", "promise"}
        assert (ROOT / row["source"]).is_file(), row
        assert row["promise"].strip()
