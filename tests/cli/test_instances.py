"""Which gateways a name means: all of one server's, or a choice where several entries have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpgw.cli.instances import instances_of, is_known, server_of
from mcpgw.errors import NotFound, UsageFault
from mcpgw.paths import StateLayout
from mcpgw.state.instance import Identity, open_instance


@pytest.fixture
def layout(tmp_path: Path) -> StateLayout:
    found = StateLayout(str(tmp_path))
    for server, entry in (("fs", "claude-code:user:fs"), ("fs", "claude-code:user:fs"), ("db", "cursor:user:db")):
        open_instance(found, Identity(server, entry), now=1e9).close()
    return found


def test_a_server_is_meant_by_its_name_or_its_entry(layout: StateLayout) -> None:
    for asked in ("fs", "claude-code:user:fs"):
        assert [server_of(each) for each in instances_of(layout, asked)] == ["fs", "fs"]
    assert is_known(layout, "db")


def test_a_server_that_never_ran_is_said_not_to_have(layout: StateLayout) -> None:
    assert not is_known(layout, "other")
    with pytest.raises(NotFound, match="no gateway of a server other"):
        instances_of(layout, "other")


def test_a_name_of_several_entries_is_not_guessed_at(layout: StateLayout) -> None:
    open_instance(layout, Identity("fs", ""), now=1e9).close()
    with pytest.raises(UsageFault) as fault:
        instances_of(layout, "fs")
    assert fault.value.next_step == "Name one of them: (started by hand), claude-code:user:fs"
