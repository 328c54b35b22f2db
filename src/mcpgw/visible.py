"""Text that others wrote is shown with what could drive a terminal written out. Standard library only."""

# C0 and C1 controls, the characters that reorder or hide text, and surrogates, which no stream can encode: shown
# escaped, never sent to a terminal.
_HIDDEN = {
    *range(0x20),
    *range(0x7F, 0xA0),
    0x61C,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),
    0xFEFF,
    *range(0xE0000, 0xE0080),
}


def visible(text: str) -> str:
    """`text` with control, bidi and invisible characters written out, so that recorded text cannot drive a terminal."""
    return "".join(f"\\u{ord(c):04x}" if ord(c) in _HIDDEN else c for c in text)
