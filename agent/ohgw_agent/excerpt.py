"""Excerpt: the part of a file that a model is shown, as the code stands, without line numbers."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ohgw_tools.finding import Region
from ohgw_tools.source.python_parse import parse_python

Breadth = Literal["region", "definition", "file"]

SMALL_FILE = 2500
WINDOW = 18
LONG_DEFINITION = 90
WHOLE_SHARE = 0.6


@dataclass(frozen=True)
class Excerpt:
    """Lines `start` to `end` (from 1, both included) of the `total` lines of a file."""

    path: str
    start: int
    end: int
    total: int
    text: str

    @property
    def title(self) -> str:
        """`path`, and the lines if it is not the whole file."""
        whole = self.start <= 1 and self.end >= self.total
        return self.path if whole else f"{self.path}, lines {self.start}-{self.end} of {self.total}"


def excerpts(
    path: str, text: str, regions: Iterable[Region | None], breadth: Breadth
) -> tuple[Excerpt, ...]:
    """Return what to show of a file so that the regions can be understood and changed.

    `region` shows the innermost definition around each, or a window where that is long; with it
    the module's imports. `definition` shows whole top-level definitions, `file` everything. A None
    among the regions stands for the whole file. Small files, and those of which most would be
    shown, come whole.
    """
    lines = text.splitlines(keepends=True)
    places = list(regions)
    if not lines:
        return (Excerpt(path, 1, 0, 0, ""),)
    whole = (Excerpt(path, 1, len(lines), len(lines), text),)
    if breadth == "file" or len(text) <= SMALL_FILE or None in places:
        return whole
    tree = _parsed(path, text)
    spans = [_span(r, len(lines), tree, breadth) for r in places if r is not None]
    spans += _imports(tree) if spans else []
    merged = _merged(spans, len(lines))
    shown = sum(len("".join(lines[a - 1 : b])) for a, b in merged)
    if shown >= WHOLE_SHARE * len(text):
        return whole
    return tuple(Excerpt(path, a, b, len(lines), "".join(lines[a - 1 : b])) for a, b in merged)


def _parsed(path: str, text: str) -> ast.Module | None:
    if not path.endswith(".py"):
        return None
    try:
        return parse_python(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _span(region: Region, total: int, tree: ast.Module | None, breadth: Breadth) -> tuple[int, int]:
    first, last = min(region.start_line, total), min(region.end_line, total)
    window = max(1, first - WINDOW), min(total, last + WINDOW)
    around = _definitions(tree, first, last) if tree is not None else []
    if not around:
        wide = 4 * WINDOW
        return window if breadth == "region" else (max(1, first - wide), min(total, last + wide))
    if breadth == "definition":
        return around[0]
    start, end = around[-1]
    return (start, end) if end - start < LONG_DEFINITION else window


def _definitions(tree: ast.Module, first: int, last: int) -> list[tuple[int, int]]:
    """The spans of the definitions around lines `first` to `last`, outermost first."""
    found: list[tuple[int, int]] = []
    body: list[ast.stmt] = tree.body
    while True:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                end = node.end_lineno or node.lineno
                if start <= first and last <= end:
                    found.append((start, end))
                    body = node.body
                    break
        else:
            return found


def _imports(tree: ast.Module | None) -> list[tuple[int, int]]:
    """The spans of the imports at the module's top."""
    if tree is None:
        return []
    nodes = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    return [(n.lineno, n.end_lineno or n.lineno) for n in nodes]


def _merged(spans: Iterable[tuple[int, int]], total: int) -> list[tuple[int, int]]:
    """Join spans that overlap or nearly touch; a gap of three lines is cheaper than a new title."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + 4:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return [(max(1, a), min(total, b)) for a, b in merged]
