"""Regular expressions that are compiled when they are first used: a start needs few, and each takes it 0.3 ms."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AnyStr

    def expression(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
        """As re.compile. Raises re.error not here, but where it is used."""

else:
    # What is asked of one. `pattern` and `flags` are those of the compiled one, as re gives them.
    _ASKED = ("finditer", "findall", "flags", "fullmatch", "groups", "match", "pattern", "search", "sub")

    class _Expression:
        __slots__ = ("_flags", "_source", *_ASKED)

        def __init__(self, source, flags=0):
            self._source = source
            self._flags = flags

        def __getattr__(self, name):
            """Called for a slot that is empty, that is once."""
            if name not in _ASKED:
                raise AttributeError(name)
            compiled = re.compile(self._source, self._flags)
            for each in _ASKED:
                setattr(self, each, getattr(compiled, each))
            return getattr(compiled, name)

        def __eq__(self, other):
            return type(other) is _Expression and (other._source, other._flags) == (self._source, self._flags)

        def __hash__(self):
            return hash((self._source, self._flags))

    expression = _Expression
