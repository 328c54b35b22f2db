"""Everything lies below the one state directory."""

from __future__ import annotations

from mcpgw.paths import StateLayout


def test_nothing_lies_outside() -> None:
    layout = StateLayout("/s")
    named = [getattr(layout, name) for name in dir(StateLayout) if isinstance(getattr(StateLayout, name), property)]
    assert len(named) >= 14
    assert all(path.startswith("/s/") for path in [*named, layout.snapshot_dir("d"), layout.instance_dir("i")])
    assert len(set(named)) == len(named)
