"""Frozen values for the data plane: as `typing.NamedTuple`, without what that costs a start.

`typing` takes 5 ms and 1 MB, and `collections.namedtuple`, which compiles source text for each class, 8 ms for all of
ours together.
"""

from __future__ import annotations

from _collections import _tuplegetter  # type: ignore[import-not-found]  # what namedtuple takes, too

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    _SKIPPED = frozenset({"__annotations__", "__dict__", "__weakref__"})
    _new = tuple.__new__
    # Constructors by number of fields; a class gets one whose arguments are called as its fields.
    _CONSTRUCTORS = (
        lambda c: _new(c, ()),
        lambda c, a: _new(c, (a,)),
        lambda c, a, b: _new(c, (a, b)),
        lambda c, a, b, d: _new(c, (a, b, d)),
        lambda c, a, b, d, e: _new(c, (a, b, d, e)),
        lambda c, a, b, d, e, f: _new(c, (a, b, d, e, f)),
        lambda c, a, b, d, e, f, g: _new(c, (a, b, d, e, f, g)),
        lambda c, a, b, d, e, f, g, h: _new(c, (a, b, d, e, f, g, h)),
        lambda c, a, b, d, e, f, g, h, i: _new(c, (a, b, d, e, f, g, h, i)),
        lambda c, a, b, d, e, f, g, h, i, j: _new(c, (a, b, d, e, f, g, h, i, j)),
        lambda c, a, b, d, e, f, g, h, i, j, k: _new(c, (a, b, d, e, f, g, h, i, j, k)),
        lambda c, a, b, d, e, f, g, h, i, j, k, m: _new(c, (a, b, d, e, f, g, h, i, j, k, m)),
        lambda c, a, b, d, e, f, g, h, i, j, k, m, n: _new(c, (a, b, d, e, f, g, h, i, j, k, m, n)),
        lambda c, a, b, d, e, f, g, h, i, j, k, m, n, o: _new(c, (a, b, d, e, f, g, h, i, j, k, m, n, o)),
        lambda c, a, b, d, e, f, g, h, i, j, k, m, n, o, p: _new(c, (a, b, d, e, f, g, h, i, j, k, m, n, o, p)),
        lambda c, a, b, d, e, f, g, h, i, j, k, m, n, o, p, q: _new(c, (a, b, d, e, f, g, h, i, j, k, m, n, o, p, q)),
    )
    _function = type(_CONSTRUCTORS[0])

    class _Value(tuple):
        """What all of them can do."""

        __slots__ = ()
        _fields = ()

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def _replace(self, **changes):
            made = _new(type(self), tuple(map(changes.pop, self._fields, self)))
            if changes:
                raise ValueError(f"no such fields: {', '.join(changes)}")
            return made

        def __repr__(self):
            shown = ", ".join(f"{field}={value!r}" for field, value in self._asdict().items())
            return f"{type(self).__name__}({shown})"

        def __getnewargs__(self):
            return tuple(self)

    class _ValueType(type):
        """Turns a class body of annotations and methods into a tuple with those names and methods."""

        def __new__(cls, name, bases, namespace):
            fields = tuple(namespace.get("__annotations__", ()))
            kept = {key: member for key, member in namespace.items() if key not in _SKIPPED and key not in fields}
            defaults = tuple(namespace[field] for field in fields if field in namespace)
            places = {field: _tuplegetter(place, None) for place, field in enumerate(fields)}
            shared = {"__slots__": (), "_fields": fields, "__match_args__": fields}
            constructor = _constructor(f"{name}.__new__", fields, defaults)
            return type(name, (_Value,), {**shared, **places, "__new__": constructor, **kept})

    def _constructor(name, fields, defaults):
        model = _CONSTRUCTORS[len(fields)].__code__
        code = model.replace(co_varnames=("_cls", *fields), co_name="__new__", co_qualname=name)
        return _function(code, globals(), "__new__", defaults)

    NamedTuple = type.__new__(_ValueType, "NamedTuple", (), {})
