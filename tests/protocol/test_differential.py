"""What the gateway reads in a frame is what its peers read: the standard library, msgspec and node.

A frame that one of them reads otherwise, or not at all, is none that the gateway forwards.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from math import isfinite
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcpgw.protocol.ambiguity import find_ambiguity
from mcpgw.protocol.message import Message, ProtocolError, parse
from mcpgw.protocol.methods import Direction
from support.parts import node

# Reads a frame a line; writes it again, or false.
NODE = """
require("readline").createInterface({input: process.stdin}).on("line", line => {
  let read = false;
  try { read = [JSON.parse(Buffer.from(line, "hex").toString("utf8"))]; } catch {}
  process.stdout.write(JSON.stringify(read) + "\\n");
});
"""
PIECES = st.sampled_from(
    [
        *(
            '{"jsonrpc":"2.0","id":1,"method":"m","params":',
            '{"jsonrpc":"2.0","id":1,"result":',
            '"a":',
            '"\\u0061":',
            "{",
            "}",
        ),
        *(
            "[",
            "]",
            ",",
            ":",
            '"',
            "\\",
            "\\u0000",
            "\\ud83d\\ude42",
            "\\ud83d",
            "\\/",
            "\\x",
            "é",
            "\u2028",
            "\ufeff",
            "\x00",
        ),
        *(
            "0",
            "-0",
            "01",
            "1.0",
            "1e5",
            "1e-400",
            "9007199254740993",
            "NaN",
            "Infinity",
            "-",
            ".5",
            "1.",
            "true",
            "nul",
            "null",
        ),
        *(" ", "\t", "\r", "\v", "//c", "}}", '"b"', '"b":1', '{"a":1}', "[1,2]", '"é\\n"'),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
# 1e999 is infinite to some and an error to others. In a server's data it passes, as all numbers do: nobody compares it.
_beyond_doubles = re.compile(rb"[eE]\+?0*[1-9][0-9]{2,}").search
FRAMES = (
    st.lists(PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode())
    | st.builds(
        lambda value, pieces, at: _cut_into(
            json.dumps({"jsonrpc": "2.0", "id": 1, "result": value}), pieces, at
        ).encode(),
        VALUES,
        st.lists(PIECES, max_size=2),
        st.integers(0, 60),
    )
    | VALUES.map(lambda value: json.dumps({"jsonrpc": "2.0", "id": 1, "result": value}, ensure_ascii=False).encode())
)


def _cut_into(text: str, pieces: list[str], at: int) -> str:
    return text[:at] + "".join(pieces) + text[at:]


def _taken(raw: bytes) -> Message | None:
    """The message that would be forwarded as it came."""
    try:
        message = parse(raw)
    except ProtocolError:
        return None
    return message if isinstance(message, Message) and find_ambiguity(message, Direction.TO_CLIENT) is None else None


def _same(ours: Any, theirs: Any) -> bool:
    """Equal values; numbers as doubles, which is what some peers have."""
    if isinstance(ours, dict):
        return (
            isinstance(theirs, dict)
            and ours.keys() == theirs.keys()
            and all(_same(ours[key], theirs[key]) for key in ours)
        )
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if type(ours) in (int, float) and type(theirs) in (int, float):
        return float(ours) == float(theirs)
    return type(ours) is type(theirs) and bool(ours == theirs)


@pytest.fixture(scope="module")
def javascript() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([node(), "-e", NODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield process
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    process.stdout.close()
    assert process.wait(30) == 0


def _read_by_node(process: subprocess.Popen[bytes], raw: bytes) -> Any:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(raw.hex().encode() + b"\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


@pytest.mark.requirement("relay.read-alike")
@settings(max_examples=500)
@given(FRAMES)
def test_the_standard_library_and_msgspec_read_what_is_taken(raw: bytes) -> None:
    message = _taken(raw)
    assume(message is not None and not _beyond_doubles(raw))
    assert message is not None
    assert _same(message.members, json.loads(raw))
    assert _same(message.members, msgspec.json.decode(raw))


@pytest.mark.requirement("relay.read-alike")
@settings(max_examples=300)
@given(FRAMES)
def test_node_reads_what_is_taken(javascript: subprocess.Popen[bytes], raw: bytes) -> None:
    message = _taken(raw)
    assume(message is not None and not _beyond_doubles(raw))
    assert message is not None
    (read,) = _read_by_node(javascript, raw) or (None,)
    assert _same(message.members, read)


@settings(max_examples=500)
@given(FRAMES)
def test_what_msgspec_refuses_is_not_taken(raw: bytes) -> None:
    assume(not _beyond_doubles(raw))
    try:
        msgspec.json.decode(raw)
    except msgspec.DecodeError:
        assert _taken(raw) is None


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 20, "1" * 5000, "0.1e308", "123e-500"])
def test_numbers_of_any_size_are_taken_as_long_as_they_are_finite(number: str) -> None:
    message = _taken(f'{{"jsonrpc":"2.0","id":1,"result":{number}}}'.encode())
    assert message is not None
    value = message.members["result"]
    assert isinstance(value, (str, int)) or isfinite(value)
