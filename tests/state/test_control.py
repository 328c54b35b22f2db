"""A person's request reaches the instance once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcpgw.paths import StateLayout
from mcpgw.state.control import Control, ask_restart
from mcpgw.state.instance import Identity, open_instance


def test_each_request_is_seen_once(tmp_path: Path) -> None:
    layout = StateLayout(str(tmp_path))
    instance = open_instance(layout, Identity("s", ""), now=0.0)
    control = Control(layout, instance.id)
    assert not control.restart_asked()
    for _ in range(2):
        ask_restart(layout, instance.id)
        assert os.read(instance.wake_fd, 10) == b"\n"
        assert control.restart_asked()
        assert not control.restart_asked()
    Path(layout.control_file(instance.id)).write_text("something of a later version\n")
    assert not control.restart_asked()
    instance.close()


def test_an_instance_that_is_gone_cannot_be_asked(tmp_path: Path) -> None:
    layout = StateLayout(str(tmp_path))
    instance = open_instance(layout, Identity("s", ""), now=0.0)
    instance.close()
    with pytest.raises(OSError, match="No such device"):
        ask_restart(layout, instance.id)
