#!/usr/bin/env python3
"""Feeds bytes that grow with the coverage they reach (atheris) to framing, parsing and the text that is scanned.

python fuzz/frames.py -max_total_time=60 CORPUS fuzz/seeds

Options are libFuzzer's; inputs that reach new code are kept in CORPUS.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["mcpgw"]):
    from mcpgw.detect.view import origins, said, thorough_origins, thorough_said
    from mcpgw.detect.walk import thorough_scalars
    from mcpgw.protocol import plain
    from mcpgw.protocol.ambiguity import find_ambiguity
    from mcpgw.protocol.framing import Framer
    from mcpgw.protocol.message import Message, ProtocolError, parse, parse_thoroughly, salvage_ids
    from mcpgw.protocol.methods import Direction

CAP = 4096  # of a frame: small, so that over-long ones are met


def framed(stream: bytes, size: int) -> list[object]:
    """The frames of a stream that comes in chunks of `size` bytes."""
    framer = Framer(CAP)
    frames: list[object] = []
    for start in range(0, len(stream), size):
        frames += framer.feed(stream[start : start + size])
    return frames + list(framer.close())


def one(data: bytes) -> None:
    """One input: its first byte is the size of the chunks that the rest comes in."""
    stream = data[1:]
    whole = framed(stream, len(stream) or 1)
    if len(stream) <= CAP and framed(stream, (data or b"\0")[0] + 1) != whole:
        raise AssertionError("chunks change the frames")
    for frame in whole:
        if isinstance(frame, bytes):
            look_at(frame)


def look_at(frame: bytes) -> None:
    """A frame that is read raises nothing but ProtocolError, and the quick steps say what the thorough ones say."""
    salvage_ids(frame)
    try:
        read = parse_thoroughly(frame)
    except ProtocolError:
        if plain.read is not None and plain.read(frame, 200) is not None:
            raise AssertionError("the quick reader takes what the thorough one refuses") from None
        return
    quick = parse(frame)
    if isinstance(read, Message) and isinstance(quick, Message):
        if (read.kind, read.id, read.method, read.tool) != (quick.kind, quick.id, quick.method, quick.tool):
            raise AssertionError("two readings of a frame")
        for direction in Direction:
            if quick.plain and find_ambiguity(read, direction) is not None:
                raise AssertionError("an ambiguous frame is taken for plain")
    text = said(frame)
    if text != thorough_said(frame):
        raise AssertionError("two texts of a frame")
    offsets = list(range(0, len(text) + 1, 3))
    if origins(frame, offsets) != thorough_origins(frame, offsets):
        raise AssertionError("two ways back")
    walked = plain.scalars(frame, offsets) if plain.scalars is not None else None
    if walked is not None and walked != list(thorough_scalars(frame, offsets)):
        raise AssertionError("two walks over a frame")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
