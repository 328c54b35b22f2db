"""Official SDK clients, which drop a result that does not fit its schema, take redacted ones."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support import parts
from support.policies import pack_text, write_files

SUPPORT = Path(__file__).parent.parent / "support"
PLACEHOLDER = r"\[mcpgw:[a-z-]+:[A-Z2-7]{8}\]"
SERVER = [sys.executable, str(SUPPORT / "schema_server.py")]


def _drive(sdk: str, calls: list[Any], command: list[str]) -> subprocess.CompletedProcess[str]:
    python = parts.sdk1_python() if sdk == "1.x" else sys.executable
    driver = [python, "-W", "ignore", str(SUPPORT / ("sdk1_driver.py" if sdk == "1.x" else "sdk2_driver.py"))]
    return subprocess.run(
        [*driver, json.dumps(calls), *command],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def _results(sdk: str, names: list[str], command: list[str], state: Path) -> list[Any]:
    """The results of calls to these tools, as the client saw them through the gateway."""
    # The SDKs start a server with few variables of their own choice, so this one is set behind them.
    gateway = ["env", f"MCPGW_HOME={state}", sys.executable, "-m", "mcpgw", "run", "--name", "s", "--", *command]
    done = _drive(sdk, [(name, {"location": "Chicago"}) for name in names], gateway)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)[-len(names) :]


def _structured(result: Any) -> Any:
    """The structured result, whose text copy must say the same."""
    structured = result.get("structuredContent", result.get("structured_content"))
    assert json.loads(result["content"][0]["text"]) == structured
    return structured


@pytest.mark.parametrize("sdk", ["1.x", "2.x"])
@pytest.mark.requirement("redact.sdk-clients")
def test_a_client_that_validates_takes_the_redacted_result(sdk: str, tmp_path: Path) -> None:
    report, fixed = _results(sdk, ["report", "fixed"], SERVER, tmp_path)
    left = _structured(report)
    assert (left["card"], left["ssn"], left["key"]) == (10**15, "000-00-0000", "XXXXX0XXXX0XXX0XXX0X")
    assert re.fullmatch(f"é \n{PLACEHOLDER}", left["note"])
    assert left["link"] == "https://h.example/?k=XXXXX0XXXX0XXX0XXX0X"
    assert fixed.get("isError", fixed.get("is_error")) is True
    assert "held back by rule aws-access-key" in fixed["content"][0]["text"]


@pytest.mark.parametrize("sdk", ["1.x", "2.x"])
def test_the_same_client_drops_a_result_that_was_redacted_naively(sdk: str) -> None:
    done = _drive(sdk, [("report", {})], [*SERVER, "naive"])
    assert done.returncode != 0
    assert "credit-card" in done.stderr


@pytest.mark.parametrize("sdk", ["1.x", "2.x"])
@pytest.mark.requirement("redact.sdk-clients")
def test_a_real_servers_structured_result_is_redacted_in_both_copies(sdk: str, tmp_path: Path) -> None:
    pack = pack_text("weather", action="redact", pattern="[A-Z][a-z]{3,9} rain").replace('"ticket-"', '"rain"')
    write_files(tmp_path, {"config.toml": 'packs = ["weather.toml"]\n', "weather.toml": pack})
    [result] = _results(sdk, ["get-structured-content"], parts.everything_server(), tmp_path)
    left = _structured(result)
    assert re.search(PLACEHOLDER, left["conditions"])
    assert isinstance(left["temperature"], int)
