"""Frozen values for the data plane: `typing.NamedTuple` without `typing`, which costs each gateway 5 ms and 1 MB."""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    _SKIPPED = frozenset({"__annotations__", "__module__", "__qualname__", "__dict__", "__weakref__"})

    class _ValueType(type):
        """Turns a class body of annotations and methods into a named tuple with those methods."""

        def __new__(cls, name, bases, namespace):
            fields = namespace.get("__annotations__", {})
            defaults = [namespace[field] for field in fields if field in namespace]
            value = namedtuple(name, fields, defaults=defaults, module=namespace["__module__"])
            for key, member in namespace.items():
                if key not in _SKIPPED and key not in fields:
                    setattr(value, key, member)
            return value

    NamedTuple = type.__new__(_ValueType, "NamedTuple", (), {})
