"""What several tests of verbs begin with."""

from pathlib import Path

import pytest

from support.mortal import Mortal


@pytest.fixture
def mortal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mortal:
    """A server that dies when told to, in the state directory that the verbs look into."""
    made = Mortal(tmp_path)
    monkeypatch.setenv("MCPGW_HOME", str(made.state))
    return made
