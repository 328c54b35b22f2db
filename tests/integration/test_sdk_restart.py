"""Official SDK clients go on when their server ends: one failed call, and no error of the connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import parts
from support.mortal import mortal_server

SUPPORT = Path(__file__).parent.parent / "support"


@pytest.mark.requirement("respawn.real-clients")
@pytest.mark.parametrize("sdk", ["1.x", "2.x"])
def test_a_client_of_the_sdk_outlives_its_server(sdk: str, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "config.toml").write_text("[server]\nrestart_delay_seconds = 0\n")
    python = parts.sdk1_python() if sdk == "1.x" else sys.executable
    driver = SUPPORT / ("sdk1_driver.py" if sdk == "1.x" else "sdk2_driver.py")
    calls = json.dumps([("echo", {}), ("die", {}), ("echo", {}), ("die", {}), ("echo", {})])
    gateway = [sys.executable, "-m", "mcpgw", "run", "--name", "mortal", "--"]
    server = mortal_server(tmp_path, "tools=echo,die")
    done = subprocess.run(
        [python, "-W", "ignore", str(driver), calls, *gateway, *server],
        env={**os.environ, "MCPGW_HOME": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(done.stdout)[-5:]
    texts = [each["content"][0]["text"] for each in results]
    assert texts[0::2] == ["life 1", "life 2", "life 3"]
    assert all("state is lost" in text for text in texts[1::2])
