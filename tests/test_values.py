"""The light named tuple behaves as the one that mypy checks it as."""

from __future__ import annotations

import pytest

from mcpgw.values import NamedTuple


class Point(NamedTuple):
    """A point."""

    x: int
    y: int = 2

    @property
    def total(self) -> int:
        return self.x + self.y


def test_fields_defaults_methods_and_immutability() -> None:
    point = Point(1)
    assert (point.x, point.y, point.total) == (1, 2, 3)
    assert point == Point(x=1, y=2)
    assert point._replace(x=5) == Point(5)
    assert repr(point) == "Point(x=1, y=2)"
    assert Point.__doc__ == "A point."
    with pytest.raises(AttributeError):
        point.x = 3  # type: ignore[misc]
    with pytest.raises(AttributeError):
        point.other = 3  # type: ignore[attr-defined]
