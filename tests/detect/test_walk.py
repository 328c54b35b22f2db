"""Every scalar's pointer is the one that RFC 6901 gives it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcpgw.detect.walk import locate

JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


def _resolve(document: Any, pointer: str) -> Any:
    for segment in pointer.split("/")[1:]:
        key = segment.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4), st.booleans())
def test_pointers_resolve_to_the_scalar_they_name(document: dict[str, Any], indented: bool) -> None:
    raw = json.dumps(document, indent=2 if indented else None).encode()
    places = locate(raw, list(range(len(raw))))
    for place in places.values():
        token = raw[place.start : place.end]
        value = json.loads(b'"' + token + b'"' if place.is_string else token)
        if place.is_key:
            assert place.pointer.endswith("/" + value.replace("~", "~0").replace("/", "~1"))
        else:
            assert _resolve(document, place.pointer) == value


def test_offsets_between_scalars_are_left_out() -> None:
    assert locate(b'{"a": 1}', [0, 4, 7]) == {}
