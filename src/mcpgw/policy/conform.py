"""Whether a value fits a tool's outputSchema: the part of JSON Schema that servers use, and never a guess.

JSON Schema 2020-12. What constrains the value and is not understood raises Unsupported; what only describes is skipped.
"""

from __future__ import annotations

from json import dumps

from mcpgw.policy.formats import FLOATS, FORMATS, INTEGER_LIMITS
from mcpgw.policy.shape import Unsupported, read
from mcpgw.protocol.content import resolve
from mcpgw.protocol.strict_json import Lexeme

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Path = tuple[str | int, ...] | None

# A check is a handful of steps for a change; one that needs more was built to cost time.
MAX_STEPS = 50_000
MAX_DEPTH = 60

_DESCRIBING = frozenset(
    {
        "$schema", "$comment", "$defs", "definitions", "title", "description", "default", "examples",
        "deprecated", "readOnly", "writeOnly", "contentEncoding", "contentMediaType", "discriminator", "nullable",
    }
)  # fmt: skip
# About keys and counts, which a change of one scalar leaves as they are.
_ABOUT_MEMBERS = frozenset(
    {"minProperties", "maxProperties", "propertyNames", "dependentRequired", "minItems", "maxItems"}
)


class Conformance:
    """One schema, to be asked about changed values. wishes: what was looked at on the way, keyword by keyword."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._steps = 0
        self._depth = 0
        self.wishes: list[tuple[str, Any]] = []

    def holds(self, value: Any, path: tuple[str | int, ...]) -> bool:
        """Whether `value`, which fitted before the scalar at `path` was changed, still does. Raises Unsupported."""
        self.wishes.clear()
        try:
            return self._fits(self._root, value, path)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
            raise Unsupported from None  # no valid schema

    def _fits(self, schema: Any, value: Any, path: Path) -> bool:
        """path: leads to the change; only what lies on it is looked at. None: all of the value is."""
        if isinstance(schema, bool):
            return schema
        self._steps += 1
        if not isinstance(schema, dict) or self._steps > MAX_STEPS or self._depth >= MAX_DEPTH:
            raise Unsupported
        self._depth += 1
        try:
            return all(self._keyword(name, schema, value, path) for name in schema)
        finally:
            self._depth -= 1

    def _keyword(self, name: str, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if name in _DESCRIBING or name.startswith("x-") or (path and name in _ABOUT_MEMBERS):
            return True
        check = _KEYWORDS.get(name)
        if check is None:
            raise Unsupported
        return check(self, schema, value, path)

    def _id(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if schema is not self._root:
            raise Unsupported  # local references below would mean another root
        return True

    # -- combinations ----------------------------------------------------------------------------------------------

    def _ref(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        pointer = schema["$ref"]
        if not isinstance(pointer, str) or not (pointer == "#" or pointer.startswith("#/")) or "%" in pointer:
            raise Unsupported
        try:
            target = resolve(self._root, pointer[1:])
        except LookupError:
            raise Unsupported from None
        return self._fits(target, value, path)

    def _all_of(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        return all(self._fits(one, value, path) for one in schema["allOf"])

    def _any_of(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        """Which alternative held before is not known, so one has to hold for all of the value."""
        unknown = False
        for one in schema["anyOf"]:
            try:
                if self._fits(one, value, None):
                    return True
            except Unsupported:
                unknown = True
        if unknown:
            raise Unsupported
        return False

    def _one_of(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        return sum(self._fits(one, value, None) for one in schema["oneOf"]) == 1

    # -- members ---------------------------------------------------------------------------------------------------

    def _properties(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if not isinstance(value, dict):
            return True
        return all(
            self._fits(one, value[name], path and path[1:])
            for name, one in schema["properties"].items()
            if name in value and (not path or path[0] == name)
        )

    def _additional(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if not isinstance(value, dict):
            return True
        named = schema.get("properties", {})
        return all(
            self._fits(schema["additionalProperties"], value[name], path and path[1:])
            for name in (path[:1] if path else value)
            if name not in named
        )

    def _items(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if not isinstance(value, list):
            return True
        first = len(schema.get("prefixItems", ()))
        return all(
            self._fits(schema["items"], value[index], path and path[1:])
            for index in _indices(value, path)
            if index >= first
        )

    def _prefix_items(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if not isinstance(value, list):
            return True
        prefix = schema["prefixItems"]
        return all(
            self._fits(prefix[index], value[index], path and path[1:])
            for index in _indices(value, path)
            if index < len(prefix)
        )

    def _required(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        return not isinstance(value, dict) or all(name in value for name in schema["required"])

    def _unique(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if not isinstance(value, list) or not schema["uniqueItems"]:
            return True
        self._steps += len(value)
        return len({dumps(item, sort_keys=True) for item in value}) == len(value)

    # -- scalars ---------------------------------------------------------------------------------------------------

    def _type(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        wanted = schema["type"]
        return any(_is_type(value, one) for one in ([wanted] if isinstance(wanted, str) else wanted))

    def _enum(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        return any(_same(value, one) for one in schema["enum"])

    def _const(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        return _same(value, schema["const"])

    def _length(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if not _is_type(value, "string"):
            return True
        least, most = schema.get("minLength", 0), schema.get("maxLength", len(value))
        return bool(least <= len(value) <= most)

    def _pattern(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if not _is_type(value, "string"):
            return True
        self.wishes.append(("pattern", schema["pattern"]))
        return read(schema["pattern"]).fits(value)

    def _format(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        wanted = schema["format"]
        self.wishes.append(("format", wanted))
        if wanted not in FORMATS and wanted not in INTEGER_LIMITS and wanted not in FLOATS:
            raise Unsupported
        if _is_number(value) and wanted in INTEGER_LIMITS:
            return bool(-INTEGER_LIMITS[wanted] <= value < INTEGER_LIMITS[wanted])
        return not _is_type(value, "string") or wanted not in FORMATS or FORMATS[wanted].fits(value)

    def _bounds(self, schema: dict[str, Any], value: Any, path: Path) -> bool:
        if not _is_number(value):
            return True
        self.wishes += [(name, schema[name]) for name in _BOUNDS if name in schema]
        return all(_BOUNDS[name](value, schema[name]) for name in _BOUNDS if name in schema)


_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: bool(value >= bound),
    "maximum": lambda value, bound: bool(value <= bound),
    "exclusiveMinimum": lambda value, bound: bool(value > bound),
    "exclusiveMaximum": lambda value, bound: bool(value < bound),
    "multipleOf": lambda value, bound: bool(value % bound == 0),
}
_KEYWORDS: dict[str, Callable[[Conformance, dict[str, Any], Any, Path], bool]] = {
    "$id": Conformance._id,
    "$ref": Conformance._ref,
    "allOf": Conformance._all_of,
    "anyOf": Conformance._any_of,
    "oneOf": Conformance._one_of,
    "properties": Conformance._properties,
    "additionalProperties": Conformance._additional,
    "items": Conformance._items,
    "prefixItems": Conformance._prefix_items,
    "required": Conformance._required,
    "uniqueItems": Conformance._unique,
    "type": Conformance._type,
    "enum": Conformance._enum,
    "const": Conformance._const,
    "minLength": Conformance._length,
    "maxLength": Conformance._length,
    "pattern": Conformance._pattern,
    "format": Conformance._format,
    **dict.fromkeys(_BOUNDS, Conformance._bounds),
}


def _indices(value: list[Any], path: Path) -> tuple[int, ...] | range:
    if not path:
        return range(len(value))
    return (path[0],) if isinstance(path[0], int) else ()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_type(value: Any, name: Any) -> bool:
    match name:
        case "string":
            return isinstance(value, str) and not isinstance(value, Lexeme)
        case "number":
            return _is_number(value)
        case "integer":
            return _is_number(value) and (isinstance(value, int) or value.is_integer())
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
    raise Unsupported


def _same(value: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1."""
    return bool(value == other) and isinstance(value, bool) is isinstance(other, bool)
