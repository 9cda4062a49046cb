"""Columns: rows of foreign words as lines in columns."""

from __future__ import annotations

from collections.abc import Sequence

from ohgw_agent.cli.terminal import harmless


def columns(rows: Sequence[Sequence[object]], heads: Sequence[str]) -> list[str]:
    """Return lines of left-aligned columns under their heads; every cell is made harmless."""
    cells = [list(heads), *([harmless(str(cell), limit=200) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
