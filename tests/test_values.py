"""The light named tuple behaves as the one that mypy checks it as."""

from __future__ import annotations

import copy
import pickle

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
    with pytest.raises(ValueError, match="no such fields: z"):
        point._replace(z=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Point.__new__\(\)"):
        Point(1, 2, 3)  # type: ignore[call-arg]


def test_it_can_be_copied_kept_and_taken_apart() -> None:
    point = Point(1)
    assert copy.deepcopy(point) == point
    assert type(pickle.loads(pickle.dumps(point))) is Point
    assert point._asdict() == {"x": 1, "y": 2}
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)
