"""What is said to fit a schema fits it for `jsonschema`, too; what is not understood is never guessed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mcpgw.policy.conform import Conformance
from mcpgw.policy.shape import Unsupported
from mcpgw.protocol.content import replaced

SCALARS = st.one_of(
    st.just({}),
    st.just(True),
    st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "number", "null", ["string", "null"]])}),
    st.fixed_dictionaries({"minLength": st.integers(0, 3), "maxLength": st.integers(2, 6)}),
    st.fixed_dictionaries({"pattern": st.sampled_from(["^a", "^[0-9]+$", "^.{2,4}$", "b"])}),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["a", "ab", 1, True, None, 2.0]), min_size=1)}),
    st.fixed_dictionaries({"const": st.sampled_from(["a", 1, True])}),
    st.fixed_dictionaries({"minimum": st.integers(-2, 2), "exclusiveMaximum": st.integers(1, 9)}),
    st.fixed_dictionaries({"maximum": st.integers(0, 9), "multipleOf": st.integers(1, 3)}),
    st.just({"$ref": "#/$defs/short"}),
)
SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"prefixItems": st.lists(inner, min_size=1, max_size=2), "items": inner}),
        st.fixed_dictionaries(
            {
                "properties": st.fixed_dictionaries({"a": inner}),
                "additionalProperties": inner,
                "required": st.just(["a"]),
            }
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=6,
)
LEAVES = st.sampled_from(["a", "ab", "abc", "12", "", "b" * 7, 0, 1, 2, 7, 2.5])
VALUES = st.recursive(
    LEAVES | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [found for key, child in value.items() for found in _paths(child, (*path, key))]
    if isinstance(value, list):
        return [found for index, child in enumerate(value) for found in _paths(child, (*path, index))]
    return [path]


@pytest.mark.requirement("redact.schema")
@settings(max_examples=400, deadline=None)
@given(SCHEMAS, VALUES, LEAVES, st.randoms())
def test_what_fits_after_a_change_is_valid(schema: Any, value: Any, new: Any, random: Any) -> None:
    root = {"$defs": {"short": {"type": "string", "maxLength": 3}}, "allOf": [schema]}
    paths = _paths(value)
    validator = Draft202012Validator(root)
    if not paths or not validator.is_valid(value):
        return
    path = random.choice(paths)
    changed = replaced(value, path, new)
    assert Conformance(root).holds(changed, path) is validator.is_valid(changed)


@pytest.mark.parametrize(
    "schema",
    [
        {"not": {"const": 1}},
        {"if": {}, "then": {}},
        {"patternProperties": {"a": {}}},
        {"unevaluatedProperties": False},
        {"contains": {"const": "x"}},
        {"$ref": "https://example.org/schema"},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"properties": {"a": {"format": "iri"}}},
        {"properties": {"a": {"pattern": r"(?=x)"}}},
        {"properties": {"a": {"$dynamicRef": "#x"}}},
        {"properties": {"a": {"$id": "b", "$ref": "#/c"}}},
        {"properties": 5},
        {"enum": 5},
        {"properties": {"a": {"minLength": "x"}}},
        {"unknown": True},
    ],
)
def test_what_is_not_understood_is_said(schema: Any) -> None:
    with pytest.raises(Unsupported):
        Conformance(schema).holds({"a": "x"}, ("a",))


def test_only_the_way_to_the_change_is_looked_at() -> None:
    schema = {"properties": {"a": {"type": "string"}, "b": {"not": {}}}, "minProperties": 1, "title": "t", "x-more": 1}
    assert Conformance(schema).holds({"a": "x", "b": 1}, ("a",))


def test_an_alternative_that_is_not_understood_leaves_the_others() -> None:
    alternatives = [{"not": {}}, {"type": "string"}]
    assert Conformance({"anyOf": alternatives}).holds("x", ())
    with pytest.raises(Unsupported):
        Conformance({"anyOf": alternatives}).holds(1, ())


def test_items_stay_unique() -> None:
    assert not Conformance({"uniqueItems": True}).holds(["0", "0"], (1,))
    assert Conformance({"uniqueItems": True}).holds(["0", "1"], (1,))


def test_numeric_formats_have_bounds() -> None:
    assert not Conformance({"format": "int32"}).holds(2**31, ())
    assert Conformance({"format": "int64"}).holds(10**15, ())
    assert Conformance({"format": "double"}).holds(10**15, ())
