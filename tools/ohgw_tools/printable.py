"""Foreign text made fit to be printed: control characters spelt out, widths in columns."""

from __future__ import annotations

import unicodedata

_SPELT = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
TAB = "    "


def printable(text: str) -> str:
    """Return text with tabs widened, and control and invisible characters spelt as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(TAB if c == "\t" else _escape(c) if _is_spelt(c) else c for c in text)


def width(text: str) -> int:
    """Return how many terminal columns a printable text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def window(text: str, start: int, end: int, most: int) -> tuple[str, int, int]:
    """Cut a line to about `most` characters around the offsets `start` to `end`.

    Returns the printable cut and the columns, from 0, that the offsets stand at in it.
    """
    first = max(0, start - most // 3) if len(text) > most else 0
    cut = text[first : first + most]
    left = "..." if first else ""
    right = "..." if first + most < len(text) else ""
    head = left + printable(cut[: start - first])
    marked = printable(cut[start - first : max(end, start) - first])
    tail = printable(cut[max(end, start) - first :]) + right
    begin = width(head)
    return head + marked + tail, begin, begin + max(width(marked), 1)


def _is_spelt(character: str) -> bool:
    return unicodedata.category(character) in _SPELT


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
