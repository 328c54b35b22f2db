from collections.abc import Callable
from typing import Any

Run = tuple[int, bytes, str, int, int, int, list[int]]

class Lane:
    def __init__(
        self,
        *,
        scan: Callable[[bytes], list[tuple[int, int]]],
        waiting: dict[str, Any],
        pending: type,
        slow: frozenset[str],
        stateless_from: bytes,
        max_depth: int,
        most_waiting: int,
        most_bytes: int,
        most_params: int,
        enforces: bool,
    ) -> None: ...
    def requests(self, chunk: bytes, start: int, now: float, opening: bytes, seq: int, prev: str, /) -> Run | None: ...
    def answers(self, chunk: bytes, start: int, now: float, opening: bytes, seq: int, prev: str, /) -> Run | None: ...
    def undo(self) -> None: ...

def know(keys: bytes, revision_key: bytes, /) -> None: ...
def read(
    frame: bytes, max_depth: int, /
) -> tuple[int, str | None, str | None, int, int, str | None, str | None, bool, bool] | None: ...
def view(frame: bytes, /) -> bytes: ...
def digest(head: bytes, body: bytes, /) -> str: ...
