"""Plain: foreign words made harmless for a terminal, and small tables."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_BAD = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


def plain(text: object, width: int | None = None) -> str:
    """Return one line in which control, invisible and direction-changing characters are escapes;
    what is over `width` is cut, with `...` to show it.
    """
    clean = "".join(_visible(character) for character in str(text))
    if width is not None and len(clean) > width:
        clean = clean[: max(0, width - 3)] + "..."
    return clean


def plain_lines(text: str) -> list[str]:
    """Return the lines of a text, each harmless."""
    return [plain(line) for line in text.replace("\t", "    ").splitlines()]


def _visible(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else f"\\x{ord(character):02x}"
    if unicodedata.category(character) in _BAD:
        return character.encode("unicode_escape").decode()
    return character


def table(rows: Sequence[Sequence[object]], heads: Sequence[str]) -> list[str]:
    """Return lines of left-aligned columns; cells are made harmless."""
    cells = [list(heads), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def duration(ms: int) -> str:
    """Milliseconds for people: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if ms < 10_000:
        return f"{ms / 1000:.1f} s"
    seconds = ms // 1000
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def money(micro_usd: int) -> str:
    """Millionths of a US dollar for people."""
    return f"${micro_usd / 1_000_000:.4f}".rstrip("0").rstrip(".") if micro_usd else "$0"
