"""Where the protocol itself shapes a message: results, content items, resources; never the data inside them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Keys below which the protocol goes on. `arguments`, `structuredContent` and `_meta` hold the peers' data.
_CARRIERS = frozenset(
    {"params", "result", "content", "contents", "resource", "messages", "inputRequests", "inputResponses"}
)
_NAMED = frozenset({"inputRequests", "inputResponses"})  # maps whose keys the server chooses


def shaped_objects(members: dict[str, Any], keys: frozenset[str]) -> list[tuple[str, dict[str, Any]]]:
    """(JSON pointer, object) of every object that the protocol shapes and that has one of `keys`."""
    body = members.get("params") or members.get("result")
    if not isinstance(body, dict) or (_CARRIERS.isdisjoint(body) and keys.isdisjoint(body)):
        return []  # the usual call
    found: list[tuple[str, dict[str, Any]]] = []
    wanted = keys | _CARRIERS
    pending: list[tuple[str, Any]] = [("", members)]
    for pointer, node in pending:
        if isinstance(node, list):
            pending += [
                (f"{pointer}/{index}", item)
                for index, item in enumerate(node)
                if isinstance(item, dict) and not wanted.isdisjoint(item)
            ]
            continue
        if not keys.isdisjoint(node):
            found.append((pointer, node))
        for key in node.keys() & _CARRIERS:
            pending += _below(f"{pointer}/{key}", node[key], named=key in _NAMED)
    return found


def _below(pointer: str, child: Any, *, named: bool) -> list[tuple[str, Any]]:
    if named and isinstance(child, dict):
        return [(f"{pointer}/{segment(name)}", one) for name, one in child.items() if isinstance(one, dict)]
    return [(pointer, child)] if isinstance(child, (dict, list)) else []


def segment(key: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def steps_to(value: Any, pointer: str) -> tuple[str | int, ...]:
    """The keys and indices that lead from `value` to `pointer`. Raises LookupError where nothing is there."""
    steps: list[str | int] = []
    for part in pointer.split("/")[1:]:
        if isinstance(value, list) and part.isdecimal():
            steps.append(int(part))
            value = value[int(part)]
        elif isinstance(value, dict):
            steps.append(part.replace("~1", "/").replace("~0", "~"))
            value = value[steps[-1]]
        else:
            raise LookupError(pointer)
    return tuple(steps)


def resolve(value: Any, pointer: str) -> Any:
    """What stands at `pointer`. Raises LookupError where nothing does."""
    for step in steps_to(value, pointer):
        value = value[step]
    return value


def replaced(value: Any, steps: tuple[str | int, ...], new: Any) -> Any:
    """`value` with what stands at `steps` replaced; the containers on the way are copies, the others the same."""
    if not steps:
        return new
    copied: Any = list(value) if isinstance(value, list) else dict(value)
    copied[steps[0]] = replaced(value[steps[0]], steps[1:], new)
    return copied
