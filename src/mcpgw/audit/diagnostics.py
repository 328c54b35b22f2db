"""The gateway's own log: one JSON object a line for programs, one line on stderr for people, and never a failure.

stdout is the protocol, so nothing here writes to it. Callers pass no secret and no message content: what is given is
written as it is, only escaped and cut.
"""

from __future__ import annotations

import json
import os
import time

from mcpgw.files import PRIVATE_FILE_MODE, make_private_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from mcpgw.paths import StateLayout

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
OFF = 100  # for a level that is not known, such as "off"
MAX_TEXT = 2000  # characters of one value; a log line is for reading
STDERR = 2

# C0, DEL and C1 controls, and what reorders or hides text: shown escaped,
# so that no line can drive a terminal or fake another.
_HIDDEN = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0x61C,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    0xFEFF,
)
_ESCAPES = {code: f"\\u{code:04x}" for code in _HIDDEN}


class Diagnostics:
    """Writes events of one source (an instance id, or the name of a verb).

    Levels: debug, info, warning, error; anything else, such as "off", silences that sink.
    """

    __slots__ = ("_clock", "_day", "_fd", "_file_level", "_layout", "_source", "_stderr_level", "to_people")

    def __init__(
        self,
        layout: StateLayout,
        source: str,
        stderr_level: str = "warning",
        file_level: str = "info",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._layout = layout
        self._source = source
        self._stderr_level = LEVELS.get(stderr_level, OFF)
        self._file_level = LEVELS.get(file_level, OFF)
        self._clock = clock
        # Where the lines for people go; the relay puts a writer here that never waits for a reader.
        self.to_people: Callable[[bytes], None] = _to_stderr
        self._day = ""
        self._fd = -1

    def keep_from(self, level: str) -> None:
        """From now on the files hold `level` and worse; "off" or an unknown level: nothing."""
        self._file_level = LEVELS.get(level, OFF)

    def debug(self, event: str, **fields: object) -> None:
        self._write("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        self._write("error", event, fields)

    def close(self) -> None:
        """Closes the file; a later event opens it again. May be called twice."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._day = -1, ""

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        """`event` is a short name (policy-stale); a field `message` is the sentence that people read instead of it."""
        rank = LEVELS[level]
        kept = {key: _plain(value) for key, value in fields.items()}
        if rank >= self._file_level:
            self._to_file(level, event, kept)
        if rank >= self._stderr_level:
            self.to_people(_sentence(level, event, kept).encode("utf-8", "backslashreplace") + b"\n")

    def _to_file(self, level: str, event: str, fields: dict[str, object]) -> None:
        now = self._clock()
        moment = time.gmtime(now)
        line = {
            "v": 1,
            "at": round(now, 6),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", moment),
            "level": level,
            "source": self._source,
            "pid": os.getpid(),
            "event": _cut(event),
            **{key: value for key, value in fields.items() if key not in _OWN_KEYS},
        }
        descriptor = self._file_of(time.strftime("%Y-%m-%d", moment))
        if descriptor >= 0:
            _put(descriptor, json.dumps(line, separators=(",", ":")))

    def _file_of(self, day: str) -> int:
        """The open file of `day`, -1 where there is none to be had (a full disk must not stop a message)."""
        if day == self._day:
            return self._fd
        self.close()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        try:
            make_private_dir(self._layout.log_dir)
            self._fd = os.open(f"{self._layout.log_dir}/{day}.jsonl", flags, PRIVATE_FILE_MODE)
        except OSError:
            return -1  # `_day` stays empty: the next event tries again
        self._day = day
        return self._fd


_OWN_KEYS = frozenset({"v", "at", "time", "level", "source", "pid", "event"})


def escape_controls(text: str) -> str:
    """`text` with control, bidi and invisible characters written out as \\uXXXX."""
    return text.translate(_ESCAPES)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "..."


def _plain(value: object) -> object:
    """A value that JSON can hold in little room: numbers and booleans stay, everything else becomes a cut text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return _cut(value if isinstance(value, str) else repr(value))


def _sentence(level: str, event: str, fields: dict[str, object]) -> str:
    rest = [f"{key}={value}" for key, value in fields.items() if key != "message"]
    text = f"mcpgw: {level}: {fields.get('message', event)}" + (f" ({', '.join(rest)})" if rest else "")
    return escape_controls(text)


def _put(descriptor: int, line: str) -> None:
    """One write; what does not go out is lost, for a log must not stop what it logs."""
    try:
        os.write(descriptor, line.encode("utf-8", "backslashreplace") + b"\n")
    except OSError:
        return


def _to_stderr(line: bytes) -> None:
    try:
        os.write(STDERR, line)
    except OSError:
        return  # nobody reads it any more
