"""What several tests of installing begin with."""

import pytest


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "c.json"
    path.write_bytes(b"old")
    return path
